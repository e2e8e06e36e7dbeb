//! Pieces of SQL written by the user, with bound values.

use std::fmt;
use std::marker::PhantomData;

use crate::bind::Bind;
use crate::column::Column;
use crate::entity::Entity;
use crate::expr::{Expr, Piece};
use crate::value::Value;

/// SQL written by hand, about the entity `E`. Made by the macro [`sql!`](crate::sql).
///
/// It serves as a condition ([`Query::filter`](crate::Query::filter)), as an order
/// ([`Query::order_by`](crate::Query::order_by)) and as the source of a query (`User::from_sql(..)`).
pub struct Fragment<E> {
    text: &'static str,
    arguments: Vec<Expr>,
    marker: PhantomData<fn() -> E>,
}

impl<E> Clone for Fragment<E> {
    fn clone(&self) -> Self {
        Self {
            text: self.text,
            arguments: self.arguments.clone(),
            marker: PhantomData,
        }
    }
}

impl<E> fmt::Debug for Fragment<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<E> Fragment<E> {
    /// The macro [`sql!`](crate::sql) has checked that there is an argument for each placeholder of the text.
    #[doc(hidden)]
    pub fn new(text: &'static str) -> Self {
        Self {
            text,
            arguments: Vec::new(),
            marker: PhantomData,
        }
    }

    /// Adds what the next number stands for.
    #[doc(hidden)]
    pub fn argument(mut self, argument: impl Argument<E>) -> Self {
        self.arguments.push(argument.into_expr());
        self
    }

    pub(crate) fn into_pieces(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut scanner = Scanner::new(self.text);
        while let Some(placeholder) = scanner.next_placeholder() {
            pieces.push(Piece::Text(&self.text[start..placeholder.start]));
            if let Some(argument) = self.arguments.get(placeholder.number.wrapping_sub(1)) {
                pieces.push(Piece::Argument(argument.clone()));
            }
            start = placeholder.end;
        }
        pieces.push(Piece::Text(&self.text[start..]));
        pieces
    }
}

/// SQL of your own as a condition, an order, or the source of a query: `sql!("lower($1) = $2", User::EMAIL, "ann")`.
///
/// `$1`, `$2`, .. stand for the arguments: columns are written as quoted names with the right alias, everything else is
/// bound. The text is a literal, so no value can become part of it, and the number of arguments is checked by the
/// compiler.
///
/// A value's type is what PostgreSQL infers at its place; say `$1::int8` where it cannot.
#[macro_export]
macro_rules! sql {
    ($text:literal $(, $argument:expr)* $(,)?) => {{
        const {
            $crate::__private::check_placeholders(
                $text,
                0 $(+ { let _ = stringify!($argument); 1 })*,
            )
        }
        $crate::Fragment::new($text)$(.argument($argument))*
    }};
}

/// An argument of [`sql!`](crate::sql): a column of the entity, or a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of `sql!` in SQL about `{E}`",
    label = "expected a value or a column of `{E}`"
)]
pub trait Argument<E> {
    #[doc(hidden)]
    fn into_expr(self) -> Expr;
}

impl<E, V: Value> Argument<E> for V {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self))
    }
}

impl<E, V: Value> Argument<E> for Option<V> {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::typed(self, V::TYPE))
    }
}

impl<E> Argument<E> for &str {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self.to_owned()))
    }
}

impl<E: Entity, T> Argument<E> for Column<E, T> {
    fn into_expr(self) -> Expr {
        self.expr()
    }
}

/// Refuses a text whose placeholders are not `$1` to `$arguments`, while compiling.
#[doc(hidden)]
pub const fn check_placeholders(text: &str, arguments: usize) {
    let mut scanner = Scanner::new(text);
    let mut greatest = 0;
    while let Some(placeholder) = scanner.next_placeholder() {
        assert!(placeholder.number > 0, "placeholders count from $1");
        if placeholder.number > greatest {
            greatest = placeholder.number;
        }
    }
    assert!(
        greatest <= arguments,
        "the SQL has a placeholder without an argument"
    );
    assert!(
        greatest >= arguments,
        "`sql!` has an argument without a placeholder: write `$1` for the first"
    );
}

struct Placeholder {
    number: usize,
    start: usize,
    end: usize,
}

/// Finds `$1` in SQL, but not within quotes: a dollar in a string or a quoted name is a dollar.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
        }
    }

    const fn next_placeholder(&mut self) -> Option<Placeholder> {
        while self.at < self.text.len() {
            let byte = self.text[self.at];
            let start = self.at;
            self.at += 1;
            if byte == b'\'' || byte == b'"' {
                self.skip_to(byte);
            } else if byte == b'$'
                && self.at < self.text.len()
                && self.text[self.at].is_ascii_digit()
            {
                let mut number = 0;
                while self.at < self.text.len() && self.text[self.at].is_ascii_digit() {
                    number = number * 10 + (self.text[self.at] - b'0') as usize;
                    self.at += 1;
                }
                return Some(Placeholder {
                    number,
                    start,
                    end: self.at,
                });
            }
        }
        None
    }

    const fn skip_to(&mut self, quote: u8) {
        while self.at < self.text.len() && self.text[self.at] != quote {
            self.at += 1;
        }
        self.at += 1;
    }
}
