use unlazy::Value;

#[derive(Debug, Clone, Value)]
#[value(rename = "mood", name = 5)]
#[value(name = "a", name = "b")]
enum Mood {
    #[value(name = "happy")]
    Happy,
    #[value(rename = "glad")]
    #[value(rename = "cheerful")]
    Glad,
    #[value(rename = "happy_too")]
    Merry,
    #[value(rename = "happy_too")]
    Jolly,
    #[value]
    Sad,
    #[value(rename)]
    Odd,
}

#[derive(Debug, Clone, Value)]
#[value(name = "email")]
struct Email(String);

fn main() {}
