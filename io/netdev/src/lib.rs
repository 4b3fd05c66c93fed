//! Links, addresses, routes, packet filter.
