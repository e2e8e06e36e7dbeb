//! The tables, in the form in which `diesel print-schema` writes them.

diesel::table! {
    users (id) {
        id -> Int8,
        email -> Text,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    posts (id) {
        id -> Int8,
        author_id -> Int8,
        title -> Text,
        views -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    comments (id) {
        id -> Int8,
        post_id -> Int8,
        body -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    tags (id) {
        id -> Int8,
        name -> Text,
    }
}

diesel::table! {
    post_tags (post_id, tag_id) {
        post_id -> Int8,
        tag_id -> Int8,
    }
}

diesel::table! {
    events (id) {
        id -> Int8,
        user_id -> Int8,
        kind -> Text,
        path -> Text,
        status -> Int4,
        duration -> Int4,
        started_at -> Timestamptz,
        ended_at -> Timestamptz,
    }
}

diesel::table! {
    notes (id) {
        id -> Int8,
        user_id -> Int8,
        title -> Text,
        views -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(posts -> users (author_id));
diesel::joinable!(comments -> posts (post_id));
diesel::joinable!(post_tags -> posts (post_id));
diesel::joinable!(post_tags -> tags (tag_id));

diesel::allow_tables_to_appear_in_same_query!(users, posts, comments, tags, post_tags);
