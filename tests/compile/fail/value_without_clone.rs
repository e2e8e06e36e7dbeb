use unlazy::Value;

#[derive(Value)]
enum Mood {
    Happy,
}

#[derive(Debug, Clone, Value)]
struct Wrapper(std::time::Duration);

fn main() {}
