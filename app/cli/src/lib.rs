//! The command line users already know.
