//! Pieces of SQL written by the user, with bound values.

use std::fmt;
use std::marker::PhantomData;

use crate::bind::Bind;
use crate::column::{Column, Source};
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
                pieces.push(Piece::Argument(placeholder.number, argument.clone()));
            }
            start = placeholder.end;
        }
        pieces.push(Piece::Text(&self.text[start..]));
        pieces
    }
}

/// SQL of your own as a condition, an order, or the source of a query: `sql!("lower($1) = $2", User::EMAIL, "ann")`.
///
/// `$1`, `$2`, .. stand for the arguments: columns are written as quoted names with the right alias, expressions as their SQL,
/// everything else is bound. The text is a literal, so no value can become part of it, and the number of arguments is checked by the
/// compiler.
///
/// A number has its Rust type, so `3` is `$1::int4`. The type of any other value is what PostgreSQL infers at its place; say
/// `$1::date` where it cannot.
#[macro_export]
macro_rules! sql {
    ($text:literal $(, $argument:expr)* $(,)?) => {{
        // An item, because `cargo check` does not evaluate a `const` block.
        const _: () = $crate::__private::check_placeholders(
            $text,
            0 $(+ { let _ = stringify!($argument); 1 })*,
        );
        $crate::Fragment::new($text)$(.argument($argument))*
    }};
}

/// An argument of [`sql!`](crate::sql): a column or [`Expression`](crate::Expression) of the entity, or a value.
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

impl<E> Argument<E> for &String {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self.clone()))
    }
}

impl<E> Argument<E> for &str {
    fn into_expr(self) -> Expr {
        Expr::Bind(Bind::new(self.to_owned()))
    }
}

impl<E: Entity, T, S: Source> Argument<E> for Column<E, T, S> {
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

/// Whether a byte can be a part of a name.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

struct Placeholder {
    number: usize,
    start: usize,
    end: usize,
}

/// Finds `$1` in SQL, but not within quotes and comments: there a dollar is a dollar.
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
        while let Some(byte) = self.peek(0) {
            let start = self.at;
            self.at += 1;
            match byte {
                b'\'' if self.is_escape_string(start) => self.skip_escape_string(),
                b'\'' | b'"' => self.skip_past(self.at - 1, 1),
                b'-' if matches!(self.peek(0), Some(b'-')) => self.skip_line(),
                b'/' if matches!(self.peek(0), Some(b'*')) => self.skip_comment(),
                // Within a name, as in `tab$1`.
                b'$' if start > 0 && is_of_name(self.text[start - 1]) => {}
                b'$' if matches!(self.peek(0), Some(b'0'..=b'9')) => {
                    let number = self.number();
                    return Some(Placeholder {
                        number,
                        start,
                        end: self.at,
                    });
                }
                b'$' => self.skip_dollar_quoted(start),
                _ => {}
            }
        }
        None
    }

    /// The byte so many places ahead.
    const fn peek(&self, ahead: usize) -> Option<u8> {
        if self.at + ahead < self.text.len() {
            Some(self.text[self.at + ahead])
        } else {
            None
        }
    }

    const fn number(&mut self) -> usize {
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek(0) {
            number = number * 10 + (digit - b'0') as usize;
            self.at += 1;
        }
        number
    }

    /// Goes on behind the next place where the `len` bytes at `quote` stand again.
    const fn skip_past(&mut self, quote: usize, len: usize) {
        while self.at < self.text.len() {
            let mut same = 0;
            while same < len && self.at + same < self.text.len() {
                if self.text[self.at + same] != self.text[quote + same] {
                    break;
                }
                same += 1;
            }
            if same == len {
                self.at += len;
                return;
            }
            self.at += 1;
        }
    }

    /// `$$text$$`, `$tag$text$tag$`. A dollar that begins neither is passed over alone.
    const fn skip_dollar_quoted(&mut self, start: usize) {
        let mut ahead = 0;
        while let Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_') = self.peek(ahead) {
            ahead += 1;
        }
        if let Some(b'$') = self.peek(ahead) {
            self.at += ahead + 1;
            self.skip_past(start, self.at - start);
        }
    }

    /// Whether the quote here begins `E'text'`.
    const fn is_escape_string(&self, quote: usize) -> bool {
        quote > 0
            && matches!(self.text[quote - 1], b'e' | b'E')
            && (quote == 1 || !is_of_name(self.text[quote - 2]))
    }

    /// `E'it\'s'`: the character behind a backslash ends nothing.
    const fn skip_escape_string(&mut self) {
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'\'' {
                break;
            }
        }
    }

    /// `-- text`.
    const fn skip_line(&mut self) {
        while !matches!(self.peek(0), None | Some(b'\n')) {
            self.at += 1;
        }
    }

    /// `/* text */`, which PostgreSQL nests.
    const fn skip_comment(&mut self) {
        self.at += 1;
        let mut depth = 1;
        while depth > 0 && self.at < self.text.len() {
            match (self.text[self.at], self.peek(1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 1;
                }
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.at += 1;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}
