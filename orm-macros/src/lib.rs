//! orm-macros
