//! What lies in the data of a Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use gantry_api::Object;

/// The bytes under a key of a Secret's data.
pub(crate) fn bytes(secret: &Object, field: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.text(&["data", field])).ok()
}

/// A text as a Secret's data holds it.
#[must_use]
pub fn encoded(text: &str) -> String {
    STANDARD.encode(text)
}
