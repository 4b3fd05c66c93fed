package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var shelves = schema.GroupVersion{Group: "operator.example", Version: "v1"}

// Shelf wants a ConfigMap with a line for each of its books.
type Shelf struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ShelfSpec   `json:"spec"`
	Status ShelfStatus `json:"status,omitempty"`
}

type ShelfSpec struct {
	Books []string `json:"books,omitempty"`
}

type ShelfStatus struct {
	Count      int                `json:"count"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

type ShelfList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Shelf `json:"items"`
}

func (s *Shelf) DeepCopyObject() runtime.Object {
	copied := *s
	s.ObjectMeta.DeepCopyInto(&copied.ObjectMeta)
	copied.Spec.Books = append([]string(nil), s.Spec.Books...)
	copied.Status.Conditions = append([]metav1.Condition(nil), s.Status.Conditions...)
	return &copied
}

func (l *ShelfList) DeepCopyObject() runtime.Object {
	copied := *l
	copied.Items = make([]Shelf, 0, len(l.Items))
	for i := range l.Items {
		copied.Items = append(copied.Items, *l.Items[i].DeepCopyObject().(*Shelf))
	}
	return &copied
}
