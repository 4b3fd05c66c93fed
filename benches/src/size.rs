//! How large the binary is.

use std::path::Path;

use anyhow::Result;

use crate::figure::Figure;

const MEGA: f64 = 1_000_000.0;

/// Its length in millions of bytes.
pub(crate) fn measure(gantry: &Path) -> Result<Vec<Figure>> {
    let bytes = u32::try_from(std::fs::metadata(gantry)?.len())?;
    Ok(vec![
        Figure::new("release binary", f64::from(bytes) / MEGA, "MB").at_most(40.0),
    ])
}
