#[path = "../entities.rs"]
mod entities;

use entities::User;
use unlazy::loaded;

fn main() {}

fn one_level(_: loaded!(User { postings })) {}

fn nested(_: loaded!(User { posts { tags, autor }, profile })) {}

fn column(_: loaded!(User { email })) {}
