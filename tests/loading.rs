//! Keeps the table in `loading.md` true: every point is there, and every test that it names exists.

use std::fs;
use std::path::{Path, PathBuf};

const POINTS: std::ops::RangeInclusive<u32> = 1..=45;

/// A row of the table.
struct Row {
    number: u32,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let table = read(&tests().join("loading.md"));
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
        let number = cells[0].parse().ok()?;
        let [_, point, tests, ""] = cells[..] else {
            panic!("row {number} has not three cells");
        };
        assert!(!point.is_empty(), "row {number} says nothing");
        // What is between backticks.
        let tests = tests.split('`').skip(1).step_by(2);
        Some(Row {
            number,
            tests: tests.map(str::to_owned).collect(),
        })
    });
    rows.collect()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Why there is no such test, if so.
fn missing(test: &str) -> Option<String> {
    if test.starts_with("compile/") {
        return missing_case(&tests().join(test));
    }
    let mut path: Vec<&str> = test.split("::").collect();
    let name = path.pop()?;
    let source = match path[..] {
        [target] => {
            let file = tests().join(target).with_extension("rs");
            let folder = tests().join(target).join("main.rs");
            read(if file.exists() { &file } else { &folder })
        }
        [target, module] => {
            let folder = tests().join(target);
            let main = read(&folder.join("main.rs"));
            if !main.lines().any(|line| line == format!("mod {module};")) {
                return Some(format!("`{target}` has no module `{module}`"));
            }
            read(&folder.join(module).with_extension("rs"))
        }
        _ => return Some("it is neither `target::test` nor `target::module::test`".to_owned()),
    };
    (!has_test(&source, name)).then(|| "its file has no such test".to_owned())
}

/// A case that must not compile has the words of the compiler next to it.
fn missing_case(case: &Path) -> Option<String> {
    let in_folder = |folder| case.parent().is_some_and(|parent| parent.ends_with(folder));
    let expected = match (in_folder("compile/fail"), in_folder("compile/pass")) {
        (true, _) => vec![case.to_owned(), case.with_extension("stderr")],
        (_, true) => vec![case.to_owned()],
        _ => return Some("it is neither in `compile/fail` nor in `compile/pass`".to_owned()),
    };
    let missing = expected.iter().find(|file| !file.is_file())?;
    Some(format!("{} is missing", missing.display()))
}

/// Whether there is a test function of this name, or a macro that writes tests is given the name.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let tests: Vec<&str> = lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("#[tokio::test") || pair[0] == "#[test]")
        .filter_map(|pair| pair[1].trim_start_matches("async ").strip_prefix("fn "))
        .collect();
    let is_written = |test: &&str| test.strip_prefix(name).is_some_and(|t| t.starts_with('('));
    let is_given = |line: &&str| line.strip_prefix(name).is_some_and(|l| l.starts_with(": "));
    tests.iter().any(is_written)
        || tests.iter().any(|test| test.starts_with('$')) && lines.iter().any(is_given)
}

#[test]
fn every_point_is_there_once_and_in_its_place() {
    let numbers: Vec<u32> = rows().iter().map(|row| row.number).collect();
    let expected: Vec<u32> = POINTS.collect();
    let missing: Vec<&u32> = expected.iter().filter(|n| !numbers.contains(n)).collect();
    assert_eq!(numbers, expected, "missing: {missing:?}");
}

#[test]
fn every_point_has_tests_that_exist() {
    let mut wrong = Vec::new();
    for Row { number, tests } in rows() {
        if tests.is_empty() {
            wrong.push(format!("{number}: no test is named"));
        }
        for test in tests {
            if let Some(why) = missing(&test) {
                wrong.push(format!("{number}: `{test}`: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tests_are_found_by_what_they_are() {
    let source = "
        #[test]
        fn plain() {}
        #[tokio::test(flavor = \"multi_thread\")]
        async fn awaited() {}
        #[test]
        #[ignore]
        fn ignored() {}
        fn helper() {}
        // #[test]
        // fn gone() {}
    ";
    assert!(has_test(source, "plain") && has_test(source, "awaited"));
    for name in ["ignored", "helper", "gone", "plai", "plain_"] {
        assert!(!has_test(source, name), "{name}");
    }
    let by_macro = "
        macro_rules! tests { ($($name:ident: $ty:ty;)+) => {$(
            #[tokio::test]
            async fn $name() {}
        )+} }
        tests! {
            of_text: String;
        }
    ";
    assert!(has_test(by_macro, "of_text"));
    assert!(!has_test(by_macro, "of_numbers"));
    assert!(missing_case(&tests().join("compile/fail/load_twice.rs")).is_none());
    assert!(missing_case(&tests().join("compile/fail/load_thrice.rs")).is_some());
    assert!(missing_case(&tests().join("compile/entities.rs")).is_some());
}
