//! The project's own toolbox.
fn main() {}
