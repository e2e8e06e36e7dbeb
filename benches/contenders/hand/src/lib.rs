//! tokio-postgres by hand.
