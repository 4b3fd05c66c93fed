//! Where the tests of the torture plant their bugs: between the journal and its disk.

use std::fmt::Debug;
use std::sync::Arc;

use crate::medium::Medium;
use crate::medium::memory::Disk;
use crate::picture::Sitting;

/// What stands between the journal and its disk.
pub(crate) trait Seam: Debug {
    /// The disk as the journal sees it.
    fn medium(&self, disk: &Disk) -> Arc<dyn Medium>;

    /// What the journal makes a picture of.
    fn sitting(&self, sitting: Sitting) -> Sitting {
        sitting
    }
}

/// Nothing stands between them.
#[derive(Debug)]
pub(crate) struct Plain;

impl Seam for Plain {
    fn medium(&self, disk: &Disk) -> Arc<dyn Medium> {
        Arc::new(disk.clone())
    }
}
