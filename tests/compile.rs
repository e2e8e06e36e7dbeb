//! What must not compile, with the words in which the user is told, and what must compile without a warning.

#[test]
fn mistakes_are_explained_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/compile/fail/*.rs");
}

#[test]
fn what_users_write_compiles() {
    trybuild::TestCases::new().pass("tests/compile/pass/*.rs");
}
