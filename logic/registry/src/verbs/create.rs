//! Makes an object.

use gantry_api::{Object, Rejection};

use crate::admission;
use crate::call::Call;
use crate::decode;
use crate::managers;
use crate::metadata;
use crate::step::Step;
use crate::validate;

/// Makes the object in the body.
pub(crate) fn create(call: &mut Call<'_>) -> Result<Step, Rejection> {
    if call.request.name.is_some() {
        return Err(Rejection::MethodNotAllowed);
    }
    let mut object = decode::object(call)?;
    // Nobody manages fields of what does not exist yet.
    object.remove(&["metadata", "managedFields"]);
    create_object(call, object, managers::Writer::Update)
}

/// Makes `object`: the whole story, in order.
pub(crate) fn create_object(
    call: &mut Call<'_>,
    mut object: Object,
    writer: managers::Writer,
) -> Result<Step, Rejection> {
    if call.kind.is_closing {
        let verb = call.request.verb.as_str();
        return Err(Rejection::Closing { verb });
    }
    metadata::address(call, &mut object)?;
    metadata::begin(call, &mut object)?;
    metadata::name_owners_once(call, &mut object);
    call.kind
        .hooks
        .default(&mut object)
        .map_err(validate::shape)?;
    managers::record(call, &mut object, None, writer)?;
    call.kind
        .hooks
        .prepare(&mut object, None)
        .map_err(validate::shape)?;
    let author = call.author();
    call.kind.hooks.sign(&mut object, None, &author);

    admission::mutate(call, &mut object, None)?;
    validate::object(call, &object, None)?;
    admission::validate(call, &object, None)?;

    let key = call.key(object.name());
    if call.find(&key).is_some() {
        return Err(Rejection::AlreadyExists {
            resource: call.resource(),
            name: key.name,
        });
    }
    admission::charge(call, &object, None)?;
    call.commit_new(&key, &object)
}
