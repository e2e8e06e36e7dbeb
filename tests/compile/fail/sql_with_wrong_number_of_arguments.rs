#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::sql;

fn main() {
    User::query().filter(sql!("$1 = $2", User::EMAIL));
    User::query().filter(sql!("$1 = 'a'", User::EMAIL, "a"));
    User::query().filter(sql!("$0 = 'a'", User::EMAIL));
    User::query().filter(sql!("active", User::EMAIL));
    User::query().filter(sql!("$1 = $3", User::EMAIL, 1, 2));
}
