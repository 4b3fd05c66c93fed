//! Everything a request can do to objects.
