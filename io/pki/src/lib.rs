//! Keys, certificates, rotation.
