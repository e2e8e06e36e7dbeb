#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::sql;

fn main() {
    let text = format!("email = '{}'", "a");
    User::query().filter(sql!(text));
    User::query().filter(sql!("$1 = $2", User::EMAIL, std::time::Duration::ZERO));
}
