//! What every request passes before anything is done, in this order: who is it, in whose name, is
//! it their turn, may they.

pub(crate) mod audit;
pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod budget;
pub(crate) mod fairness;
pub(crate) mod impersonate;
