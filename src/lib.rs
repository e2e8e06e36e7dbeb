//! unlazy
#[doc(hidden)]
pub use orm_core::__private;
pub use orm_core::*;
pub use orm_macros::{Entity, Value, loaded};
