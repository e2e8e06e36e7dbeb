use unlazy::loaded;

fn main() {}

struct Plain;

fn plain(_: loaded!(Plain { posts })) {}

fn without_relations(_: loaded!(Plain)) {}
