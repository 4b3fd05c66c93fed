//! The shape of objects: which fields there are, what they hold, and how lists and maps merge.
//!
//! A schema says nothing in prose and holds no behaviour; the passes read it. Object types refer
//! to one another by [`ObjectId`], so recursive types need no special care. The invariant: every
//! id inside a schema was handed out by that schema.

mod structural;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use gantry_base::suggest;
use serde_json::Value;

use crate::limits;

/// The types of some kinds, and the kinds by name.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    objects: Vec<ObjectType>,
    /// One [`Shape::Object`] per object type, so that a [`TypeRef`] to a whole object can borrow.
    roots: Vec<Shape>,
    kinds: BTreeMap<String, ObjectId>,
}

/// An object type within its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId(usize);

/// An object with named fields.
#[derive(Clone, Debug, Default)]
pub struct ObjectType {
    /// The type's name, for messages and published schemas.
    pub name: String,
    /// Whether fields that are not listed are kept.
    pub open: bool,
    /// Whether values of another type are kept when bodies are decoded: they are refused later, with
    /// everything else that is wrong.
    pub keeps_misfits: bool,
    /// The fields, sorted by name; [`Schema::define`] sorts them.
    pub fields: Vec<Field>,
}

impl ObjectType {
    /// The field that was probably meant by a name that is not one.
    #[must_use]
    pub fn suggestion(&self, name: &str) -> Option<String> {
        if name.len() > limits::SUGGESTION_BYTES_MAX {
            return None;
        }
        let known = self.fields.iter().map(|field| field.name.as_str());
        suggest::nearest(name, known).map(String::from)
    }
}

/// A named field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be given.
    pub required: bool,
    /// Whether `null` is a value of its own here.
    pub nullable: bool,
    /// How a strategic merge patch treats it.
    pub patch: PatchStrategy,
    /// The values it may have, if only some.
    pub allowed: Vec<String>,
    /// What it counts as when it is a list key and is left out.
    pub default: Option<Value>,
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists are merged, not replaced.
    pub merge: bool,
    /// The field that tells the items of a merged list apart.
    pub key: Option<String>,
    /// An object is replaced, not merged.
    pub replace: bool,
    /// Patches may list the keys to retain.
    pub retain_keys: bool,
}

/// What a value can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Anything, owned as one piece.
    Any,
    /// Anything; ownership follows the fields that are there.
    Free,
    /// Text.
    Text,
    /// A whole number of 32 or 64 bits.
    Integer {
        /// 32 or 64.
        bits: u32,
    },
    /// True or false.
    Bool,
    /// A number with a fraction.
    Number,
    /// An exact resource amount.
    Quantity,
    /// A port number or name, a count or a percentage.
    IntOrText,
    /// A moment in whole seconds.
    Time,
    /// A moment in microseconds.
    MicroTime,
    /// Bytes, in base64.
    Bytes,
    /// An object with named fields.
    Object {
        /// Its type.
        id: ObjectId,
        /// Whether it is owned as one piece.
        atomic: bool,
    },
    /// A list.
    List {
        /// What its items are.
        item: Box<Shape>,
        /// How two lists become one.
        kind: ListKind,
    },
    /// Any keys, each with a value of one shape.
    Map {
        /// What its values are.
        value: Box<Shape>,
        /// Whether it is owned as one piece.
        atomic: bool,
    },
}

/// How two lists become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// The new one replaces the old one.
    Atomic,
    /// Items are values that occur once.
    Set,
    /// Items are objects told apart by these fields, in alphabetical order.
    Keyed(Vec<String>),
}

static ANY: Shape = Shape::Any;
static FREE: Shape = Shape::Free;
static BUILTIN: LazyLock<Schema> = LazyLock::new(|| {
    crate::facts::parse(crate::facts::TABLE).expect("the committed table is well formed")
});

impl Schema {
    /// The schema of the built-in kinds, read once.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Makes room for a type that is defined later; until then it has no fields.
    pub fn declare(&mut self, name: &str) -> ObjectId {
        let id = ObjectId(self.objects.len());
        self.objects.push(ObjectType {
            name: name.into(),
            ..ObjectType::default()
        });
        self.roots.push(Shape::Object { id, atomic: false });
        id
    }

    /// Fills in a declared type.
    pub fn define(&mut self, id: ObjectId, open: bool, mut fields: Vec<Field>) {
        fields.sort_by(|left, right| left.name.cmp(&right.name));
        let object = &mut self.objects[id.0];
        object.open = open;
        object.fields = fields;
    }

    /// Lets a type, and what in it is no object of its own, keep values of another type.
    pub fn keep_misfits(&mut self, id: ObjectId) {
        self.objects[id.0].keeps_misfits = true;
    }

    /// Says which type a kind has.
    pub fn bind(&mut self, group: &str, version: &str, kind: &str, id: ObjectId) {
        self.kinds.insert(kind_key(group, version, kind), id);
    }

    /// Copies a type of another schema, and all it refers to, into this one.
    pub fn import(&mut self, source: TypeRef<'_>) -> Shape {
        self.copy(source.schema, source.shape, &mut BTreeMap::new())
    }

    fn copy(
        &mut self,
        source: &Self,
        shape: &Shape,
        known: &mut BTreeMap<ObjectId, ObjectId>,
    ) -> Shape {
        if let Shape::Object { id, atomic } = shape {
            Shape::Object {
                id: self.copy_object(source, *id, known),
                atomic: *atomic,
            }
        } else if let Shape::List { item, kind } = shape {
            let item = Box::new(self.copy(source, item, known));
            Shape::List {
                item,
                kind: kind.clone(),
            }
        } else if let Shape::Map { value, atomic } = shape {
            let value = Box::new(self.copy(source, value, known));
            Shape::Map {
                value,
                atomic: *atomic,
            }
        } else {
            shape.clone()
        }
    }

    fn copy_object(
        &mut self,
        source: &Self,
        id: ObjectId,
        known: &mut BTreeMap<ObjectId, ObjectId>,
    ) -> ObjectId {
        if let Some(copied) = known.get(&id) {
            return *copied;
        }
        let object = &source.objects[id.0];
        let copied = self.declare(&object.name);
        known.insert(id, copied);
        let mut fields = Vec::with_capacity(object.fields.len());
        for field in &object.fields {
            let shape = self.copy(source, &field.shape, known);
            fields.push(Field {
                shape,
                ..field.clone()
            });
        }
        self.define(copied, object.open, fields);
        self.objects[copied.0].keeps_misfits = object.keeps_misfits;
        copied
    }

    /// The type of a kind.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<TypeRef<'_>> {
        self.kinds
            .get(&kind_key(group, version, kind))
            .map(|id| self.object(*id))
    }

    /// The type with this id.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> TypeRef<'_> {
        TypeRef {
            schema: self,
            shape: &self.roots[id.0],
        }
    }

    /// The first type with this name; slow, for building other schemas.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TypeRef<'_>> {
        let index = self.objects.iter().position(|object| object.name == name)?;
        Some(self.object(ObjectId(index)))
    }

    /// A schemaless type: anything goes, and ownership follows what is there.
    #[must_use]
    pub fn free(&self) -> TypeRef<'_> {
        TypeRef {
            schema: self,
            shape: &FREE,
        }
    }
}

/// The type of a kind, for whoever keeps it.
#[derive(Clone, Debug)]
pub struct KindType {
    /// Its own schema; the built-in one when there is none.
    own: Option<Arc<Schema>>,
    /// Which type in it; a free one when there is none.
    id: Option<ObjectId>,
}

impl KindType {
    /// The type of a built-in kind.
    #[must_use]
    pub fn builtin(group: &str, version: &str, kind: &str) -> Self {
        let known = Schema::builtin().kind(group, version, kind);
        Self {
            own: None,
            id: known.and_then(TypeRef::id),
        }
    }

    /// A type of a schema that only this kind has.
    #[must_use]
    pub const fn of(schema: Arc<Schema>, id: ObjectId) -> Self {
        Self {
            own: Some(schema),
            id: Some(id),
        }
    }

    /// The type itself.
    #[must_use]
    pub fn get(&self) -> TypeRef<'_> {
        let schema = self.own.as_deref().unwrap_or_else(|| Schema::builtin());
        self.id
            .map_or_else(|| schema.free(), |id| schema.object(id))
    }
}

fn kind_key(group: &str, version: &str, kind: &str) -> String {
    format!("{group}/{version}/{kind}")
}

/// A type together with the schema that explains it.
#[derive(Clone, Copy, Debug)]
pub struct TypeRef<'s> {
    schema: &'s Schema,
    shape: &'s Shape,
}

impl<'s> TypeRef<'s> {
    /// What values of this type can be.
    #[must_use]
    pub const fn shape(self) -> &'s Shape {
        self.shape
    }

    /// The id to keep, if this is an object with named fields; see [`Schema::object`].
    #[must_use]
    pub const fn id(self) -> Option<ObjectId> {
        if let Shape::Object { id, .. } = self.shape {
            Some(*id)
        } else {
            None
        }
    }

    /// The object type, if this is an object with named fields.
    #[must_use]
    pub fn object(self) -> Option<&'s ObjectType> {
        self.id().map(|id| &self.schema.objects[id.0])
    }

    /// The facts about a named field.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'s Field> {
        let fields = &self.object()?.fields;
        let index = fields
            .binary_search_by(|field| field.name.as_str().cmp(name))
            .ok()?;
        Some(&fields[index])
    }

    /// The type of what is under `name`: a field, or an entry of a map. What is not known is
    /// [`Shape::Free`].
    #[must_use]
    pub fn child(self, name: &str) -> Self {
        self.look_up(name).1
    }

    /// A field's facts, if it is a named one, and the type of what is under that name.
    #[must_use]
    pub fn look_up(self, name: &str) -> (Option<&'s Field>, Self) {
        let field = self.field(name);
        let shape = if let Some(field) = field {
            &field.shape
        } else if let Shape::Map { value, .. } = self.shape {
            value
        } else if *self.shape == Shape::Any {
            &ANY
        } else {
            &FREE
        };
        (field, Self { shape, ..self })
    }

    /// The type of a field of this type's object.
    #[must_use]
    pub const fn of(self, field: &'s Field) -> Self {
        Self {
            shape: &field.shape,
            ..self
        }
    }

    /// The type of the items, when values are lists.
    #[must_use]
    pub fn item(self) -> Self {
        let shape = if let Shape::List { item, .. } = self.shape {
            item
        } else if *self.shape == Shape::Any {
            &ANY
        } else {
            &FREE
        };
        Self { shape, ..self }
    }
}
