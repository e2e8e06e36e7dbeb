//! What must not compile, with the words in which the user is told, and what must compile without a warning.

/// One test, so that what all of them depend on is built once.
#[test]
fn mistakes_are_explained_and_all_else_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile/fail/*.rs");
    cases.pass("tests/compile/pass/*.rs");
}
