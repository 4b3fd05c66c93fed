//! Whether a value of one type can stand where another is expected.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Type;

/// What the parameters of a signature stand for in one call.
#[derive(Debug, Default)]
pub(crate) struct Bindings(BTreeMap<char, Type>);

impl Bindings {
    /// Whether `given` can stand where `wanted` is; notes what parameters stand for.
    pub(crate) fn accept(&mut self, wanted: &Type, given: &Type) -> bool {
        match (wanted, given) {
            (Type::Parameter(name), _) => self.bind(*name, given),
            (Type::Dyn, _) | (_, Type::Dyn) => true,
            (Type::List(wanted), Type::List(given))
            | (Type::Optional(wanted), Type::Optional(given)) => self.accept(wanted, given),
            (Type::Map(key, value), Type::Map(given_key, given_value)) => {
                self.accept(key, given_key) && self.accept(value, given_value)
            }
            // Objects and what only functions look into can be compared with null.
            (Type::Object(_) | Type::Time | Type::Span | Type::Opaque(_), Type::Null)
            | (Type::Null, Type::Object(_) | Type::Time | Type::Span | Type::Opaque(_)) => true,
            (wanted, given) => wanted == given,
        }
    }

    fn bind(&mut self, name: char, given: &Type) -> bool {
        let Some(known) = self.0.get(&name).cloned() else {
            self.0.insert(name, given.clone());
            return true;
        };
        if known == Type::Dyn {
            return true;
        }
        if *given == Type::Dyn {
            self.0.insert(name, Type::Dyn);
            return true;
        }
        self.accept(&known, given)
    }

    /// The type with its parameters filled in.
    pub(crate) fn resolve(&self, of: &Type) -> Type {
        match of {
            Type::Parameter(name) => self.0.get(name).cloned().unwrap_or_default(),
            Type::List(of) => Type::List(Arc::new(self.resolve(of))),
            Type::Optional(of) => Type::Optional(Arc::new(self.resolve(of))),
            Type::Map(key, of) => {
                Type::Map(Arc::new(self.resolve(key)), Arc::new(self.resolve(of)))
            }
            other => other.clone(),
        }
    }
}

impl Type {
    /// What is known of a value that is of this type or of `other`; nothing when the two do not go
    /// together.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        if *self == Self::Dyn || *other == Self::Dyn {
            return Some(Self::Dyn);
        }
        let is_null = *self == Self::Null;
        Bindings::default()
            .accept(self, other)
            .then(|| if is_null { other } else { self }.clone())
    }
}
