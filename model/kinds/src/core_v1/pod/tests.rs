//! What a pod gets, what it may not be, and how it is shown.
