//! The one door: every request, from a socket or from inside, passes here.
