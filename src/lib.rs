//! unlazy
