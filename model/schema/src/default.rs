//! Fills in the defaults that a schema declares.
//!
//! A default counts where its object is there and the field is not, or is `null` and may not be.
//! Objects are not made up to hold defaults. Meant for custom kinds: built-in kinds have rules of
//! their own, and the few defaults in their facts only tell list items apart.

use serde_json::Value;

use crate::schema::TypeRef;

/// Fills in what is missing and has a default.
pub fn default(value: &mut Value, ty: TypeRef<'_>) {
    match value {
        Value::Object(map) => {
            let fields = ty.object().map_or(&[][..], |object| &object.fields);
            for field in fields {
                let given = map.get(&field.name);
                let is_absent = given.is_none_or(|value| value.is_null() && !field.nullable);
                if let Some(default) = field.default.as_ref().filter(|_| is_absent) {
                    map.insert(field.name.clone(), default.clone());
                }
            }
            for (name, value) in map {
                default(value, ty.child(name));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| default(item, ty.item())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
