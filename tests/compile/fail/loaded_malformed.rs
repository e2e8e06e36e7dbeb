use unlazy::loaded;

fn main() {}

fn nothing(_: loaded!()) {}

fn no_name(_: loaded!({ posts })) {}

fn parentheses(_: loaded!(User(posts))) {}

fn generic(_: loaded!(User<Loaded<Vec<Post>>> { profile })) {}

fn more(_: loaded!(User { posts } profile)) {}

fn dotted(_: loaded!(User { posts.tags })) {}

fn string(_: loaded!(User { "posts" })) {}
