//! One event in two forms, and its row.
