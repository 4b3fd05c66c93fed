//! What every request passes before anything is done, in this order: who is it, in whose name, may
//! they.

pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod impersonate;
