//! Reading attributes: each error at its own span, and all of them together.

use proc_macro2::Span;
use syn::Error;

/// Errors that are reported together.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// The value, or `None` with its error kept.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Sets what may be said only once.
    pub(crate) fn set<T>(&mut self, slot: &mut Option<T>, value: T, span: Span, name: &str) {
        if slot.replace(value).is_some() {
            self.at(span, format_args!("`{name}` is specified more than once"));
        }
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
