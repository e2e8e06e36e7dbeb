use unlazy::Value;

#[derive(Debug, Clone, Value)]
enum Mood {
    Happy,
    Sad(String),
    Odd { reason: String },
}

#[derive(Debug, Clone, Value)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, Clone, Value)]
struct Pair(i64, i64);

#[derive(Debug, Clone, Value)]
enum Never {}

#[derive(Debug, Clone, Value)]
struct Generic<T>(T);

fn main() {}
