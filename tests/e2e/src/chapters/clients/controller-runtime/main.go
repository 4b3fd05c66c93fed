// An operator like those that controller-runtime is used for: caches, a leader, a finalizer, owned
// objects, status, server-side apply and events.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	finalizer = "operator.example/cleared"
	manager   = "shelves"
)

type reconciler struct {
	client.Client
	recorder events.EventRecorder
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var shelf Shelf
	if err := r.Get(ctx, request.NamespacedName, &shelf); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !shelf.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.clear(ctx, &shelf)
	}
	if controllerutil.AddFinalizer(&shelf, finalizer) {
		return ctrl.Result{}, r.Update(ctx, &shelf)
	}
	if err := r.fill(ctx, &shelf); err != nil {
		return ctrl.Result{}, err
	}
	before := shelf.DeepCopyObject().(*Shelf)
	shelf.Status.Count = len(shelf.Spec.Books)
	meta.SetStatusCondition(&shelf.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "Filled",
		ObservedGeneration: shelf.Generation,
	})
	return ctrl.Result{}, r.Status().Patch(ctx, &shelf, client.MergeFrom(before))
}

// fill applies the ConfigMap that the shelf owns.
func (r *reconciler) fill(ctx context.Context, shelf *Shelf) error {
	owner := metav1apply.OwnerReference().
		WithAPIVersion(shelves.String()).WithKind("Shelf").
		WithName(shelf.Name).WithUID(shelf.UID).WithController(true)
	owned := corev1apply.ConfigMap(shelf.Name, shelf.Namespace).
		WithOwnerReferences(owner).
		WithData(map[string]string{"books": strings.Join(shelf.Spec.Books, "\n")})
	return r.Apply(ctx, owned, client.FieldOwner(manager), client.ForceOwnership)
}

// clear leaves a note behind, says so, and lets the shelf go.
func (r *reconciler) clear(ctx context.Context, shelf *Shelf) error {
	note := corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: shelf.Name + "-cleared", Namespace: shelf.Namespace,
	}}
	if err := r.Create(ctx, &note); client.IgnoreAlreadyExists(err) != nil {
		return err
	}
	r.recorder.Eventf(shelf, nil, corev1.EventTypeNormal, "Cleared", "Clear", "cleared")
	controllerutil.RemoveFinalizer(shelf, finalizer)
	return r.Update(ctx, shelf)
}

func run() error {
	ctrl.SetLogger(zap.New())
	types := runtime.NewScheme()
	if err := scheme.AddToScheme(types); err != nil {
		return err
	}
	types.AddKnownTypes(shelves, &Shelf{}, &ShelfList{})
	metav1.AddToGroupVersion(types, shelves)
	mgr, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:                  types,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		LeaderElection:          true,
		LeaderElectionID:        "shelves.operator.example",
		LeaderElectionNamespace: "default",
	})
	if err != nil {
		return err
	}
	shelvesReconciler := &reconciler{mgr.GetClient(), mgr.GetEventRecorder(manager)}
	err = ctrl.NewControllerManagedBy(mgr).
		For(&Shelf{}).
		Owns(&corev1.ConfigMap{}).
		Complete(shelvesReconciler)
	if err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
