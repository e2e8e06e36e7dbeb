use unlazy::loaded;

fn main() {}

fn one_level(
    _: loaded!(User {
        posts,
        profile,
        posts
    }),
) {
}

fn nested(_: loaded!(User { posts { tags, author, tags, author } })) {}

fn both(_: loaded!(User { posts { tags, tags }, profile, profile })) {}
