//! Containers' logs as they lie on disk: `<time> <stream> <F|P> <text>`.

mod follow;
mod line;
mod read;

pub(crate) use follow::{IsOver, stream};
pub(crate) use read::tail;
