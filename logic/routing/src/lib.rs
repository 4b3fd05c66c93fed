//! Services and endpoints to packet rules; pod addresses.
