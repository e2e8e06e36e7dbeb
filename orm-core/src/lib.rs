//! orm-core
