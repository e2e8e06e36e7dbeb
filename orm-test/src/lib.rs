//! orm-test
