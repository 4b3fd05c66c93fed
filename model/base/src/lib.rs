//! Things the standard library lacks.
