//! The DNS server's sockets.
