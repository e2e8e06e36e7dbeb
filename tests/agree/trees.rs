//! The trees that are compared: each in unlazy's words by every combination of strategies, and once by the oracle.

use unlazy::IntoLoad;

use crate::compare::{Context, Verdict};
use crate::entities::{Author, Badge, Desk, Lock, MoodColour, Post, Profile, Shelf, Tag, Topic};
use crate::picks::{LinkPick, ManyPick, Root};

/// A to-one relation by each strategy. The default is one of them.
macro_rules! strategies {
    ($load:expr) => {{
        let load = $load;
        [load.clone().joined(), load.selectin()]
    }};
}

/// A to-many relation with a pick.
macro_rules! many {
    ($relation:expr, $pick:expr) => {
        picked_many!($relation.into_load(), $pick)
    };
}

pub(crate) type Tree = fn(&Context<'_>) -> Verdict;

pub(crate) const ALL: [(&str, Tree); 13] = [
    ("two keys to one table", two_keys_to_one_table),
    (
        "collections below collections",
        collections_below_collections,
    ),
    ("three deep through cycles", three_deep_through_cycles),
    ("collections of the own table", collections_of_the_own_table),
    ("has_one of every kind", has_one_of_every_kind),
    ("has_one below to-one", has_one_below_to_one),
    ("composite keys to one", composite_keys_to_one),
    ("composite keys to many", composite_keys_to_many),
    ("citext keys", citext_keys),
    ("enum keys", enum_keys),
    ("link entity", link_entity),
    ("collections below to-one", collections_below_to_one),
    ("required below nullable", required_below_nullable),
];

fn two_keys_to_one_table(context: &Context<'_>) -> Verdict {
    let root = Root::<Post>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |post: Post| {
        let author = oracle.author_of_post(&post, |author| {
            let motto = oracle.motto(&author);
            Some(author.motto(motto?))
        });
        let editor = oracle.editor(&post, Some);
        Some(post.author(author?).editor(editor?))
    });
    for author in strategies!(Post::AUTHOR.with(Author::MOTTO)) {
        for editor in strategies!(Post::EDITOR) {
            let query = root.query.clone().with(author.clone());
            agree!(context, query, editor, expected);
        }
    }
    Ok(())
}

fn collections_below_collections(context: &Context<'_>) -> Verdict {
    let root = Root::<Author>::new(&context.choices.page);
    let posts = ManyPick::new(context.choices.posts);
    let tags = ManyPick::new(context.choices.tags);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |author: Author| {
        let edited = oracle.posts_edited_by(&author, &posts, Some);
        let written = oracle.posts_of_author(&author, &posts, |post| {
            let tags = oracle.tags(&post, &tags, Some);
            Some(post.tags(tags?))
        });
        Some(author.edited(edited?).posts(written?))
    });
    let query = root.query.with(many!(Author::EDITED, posts));
    let written = many!(Author::POSTS, posts).with(many!(Post::TAGS, tags));
    agree!(context, query, written, expected);
    Ok(())
}

fn three_deep_through_cycles(context: &Context<'_>) -> Verdict {
    let root = Root::<Post>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |post: Post| {
        let author = oracle.author_of_post(&post, |author| {
            let mentor = oracle.mentor(&author, |mentor| {
                let second = oracle.mentor(&mentor, Some);
                Some(mentor.mentor(second?))
            });
            Some(author.mentor(mentor?))
        });
        Some(post.author(author?))
    });
    for second in strategies!(Author::MENTOR) {
        for mentor in strategies!(Author::MENTOR.with(second.clone())) {
            for author in strategies!(Post::AUTHOR.with(mentor.clone())) {
                agree!(context, root.query.clone(), author, expected);
            }
        }
    }
    Ok(())
}

fn collections_of_the_own_table(context: &Context<'_>) -> Verdict {
    let root = Root::<Author>::new(&context.choices.page);
    let pupils = ManyPick::new(context.choices.authors);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |author: Author| {
        let first = oracle.pupils(&author, &pupils, |pupil| {
            let mentor = oracle.mentor(&pupil, Some);
            let second = oracle.pupils(&pupil, &pupils, |pupil| {
                let profile = oracle.profile(&pupil, Some);
                Some(pupil.profile(profile?))
            });
            Some(pupil.mentor(mentor?).pupils(second?))
        });
        Some(author.pupils(first?))
    });
    for mentor in strategies!(Author::MENTOR) {
        for profile in strategies!(Author::PROFILE) {
            let second = many!(Author::PUPILS, pupils).with(profile);
            let first = many!(Author::PUPILS, pupils)
                .with(second)
                .with(mentor.clone());
            agree!(context, root.query.clone(), first, expected);
        }
    }
    Ok(())
}

fn has_one_of_every_kind(context: &Context<'_>) -> Verdict {
    let root = Root::<Author>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |author: Author| {
        let profile = oracle.profile(&author, Some);
        let desk = oracle.desk(&author, |desk| {
            let shelf = oracle.shelf_of_desk(&desk, Some);
            Some(desk.shelf(shelf?))
        });
        let badge = oracle.badge(&author, Some);
        Some(author.profile(profile?).desk(desk?).badge(badge?))
    });
    for profile in strategies!(Author::PROFILE) {
        for shelf in strategies!(Desk::SHELF) {
            for desk in strategies!(Author::DESK.with(shelf.clone())) {
                for badge in strategies!(Author::BADGE) {
                    let query = root.query.clone().with(profile.clone()).with(badge);
                    agree!(context, query, desk.clone(), expected);
                }
            }
        }
    }
    Ok(())
}

fn has_one_below_to_one(context: &Context<'_>) -> Verdict {
    let root = Root::<Post>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |post: Post| {
        let editor = oracle.editor(&post, |editor| {
            let badge = oracle.badge(&editor, |badge| {
                let author = oracle.author_of_badge(&badge, Some);
                let label = oracle.label(&badge);
                Some(badge.author(author?).label(label?))
            });
            Some(editor.badge(badge?))
        });
        Some(post.editor(editor?))
    });
    for author in strategies!(Badge::AUTHOR) {
        for badge in strategies!(Author::BADGE.with(author.clone()).with(Badge::LABEL)) {
            for editor in strategies!(Post::EDITOR.with(badge.clone())) {
                agree!(context, root.query.clone(), editor, expected);
            }
        }
    }
    Ok(())
}

fn composite_keys_to_one(context: &Context<'_>) -> Verdict {
    let root = Root::<Post>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |post: Post| {
        let shelf = oracle.shelf_of_post(&post, |shelf| {
            let lock = oracle.lock(&shelf, |lock| {
                let shelf = oracle.shelf_of_lock(&lock, Some);
                Some(lock.shelf(shelf?))
            });
            Some(shelf.lock(lock?))
        });
        Some(post.shelf(shelf?))
    });
    for back in strategies!(Lock::SHELF) {
        for lock in strategies!(Shelf::LOCK.with(back.clone())) {
            for shelf in strategies!(Post::SHELF.with(lock.clone())) {
                agree!(context, root.query.clone(), shelf, expected);
            }
        }
    }
    Ok(())
}

fn composite_keys_to_many(context: &Context<'_>) -> Verdict {
    let root = Root::<Shelf>::new(&context.choices.page);
    let posts = ManyPick::new(context.choices.posts);
    let shelves = ManyPick::new(context.choices.shelves);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |shelf: Shelf| {
        let on_it = oracle.posts_on_shelf(&shelf, &posts, |post| {
            let shelf = oracle.shelf_of_post(&post, Some);
            Some(post.shelf(shelf?))
        });
        let neighbours = oracle.neighbours(&shelf, &shelves, |neighbour| {
            let lock = oracle.lock(&neighbour, Some);
            let further = oracle.neighbours(&neighbour, &shelves, Some);
            Some(neighbour.lock(lock?).neighbours(further?))
        });
        Some(shelf.posts(on_it?).neighbours(neighbours?))
    });
    for back in strategies!(Post::SHELF) {
        for lock in strategies!(Shelf::LOCK) {
            let on_it = many!(Shelf::POSTS, posts).with(back.clone());
            let neighbours = many!(Shelf::NEIGHBOURS, shelves)
                .with(lock)
                .with(many!(Shelf::NEIGHBOURS, shelves));
            agree!(
                context,
                root.query.clone().with(on_it),
                neighbours,
                expected
            );
        }
    }
    Ok(())
}

fn citext_keys(context: &Context<'_>) -> Verdict {
    let root = Root::<Topic>::new(&context.choices.page);
    let posts = ManyPick::new(context.choices.posts);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |topic: Topic| {
        let under = oracle.posts_of_topic(&topic, &posts, |post| {
            let about = oracle.topic(&post, |topic| {
                let under = oracle.posts_of_topic(&topic, &posts, Some);
                Some(topic.posts(under?))
            });
            Some(post.about(about?))
        });
        Some(topic.posts(under?))
    });
    for about in strategies!(Post::ABOUT.with(many!(Topic::POSTS, posts))) {
        let under = many!(Topic::POSTS, posts).with(about);
        agree!(context, root.query.clone(), under, expected);
    }
    Ok(())
}

fn enum_keys(context: &Context<'_>) -> Verdict {
    let root = Root::<MoodColour>::new(&context.choices.page);
    let authors = ManyPick::new(context.choices.authors);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |mood: MoodColour| {
        let authors = oracle.authors_of_mood(&mood, &authors, |author| {
            let motto = oracle.motto(&author);
            let colour = oracle.mood_colour(&author, Some);
            let mentor = oracle.mentor(&author, |mentor| {
                let colour = oracle.mood_colour(&mentor, Some);
                Some(mentor.mood_colour(colour?))
            });
            Some(author.motto(motto?).mood_colour(colour?).mentor(mentor?))
        });
        Some(mood.authors(authors?))
    });
    for colour in strategies!(Author::MOOD_COLOUR) {
        for mentor in strategies!(Author::MENTOR.with(colour.clone())) {
            for own_colour in strategies!(Author::MOOD_COLOUR) {
                let authors = many!(MoodColour::AUTHORS, authors)
                    .with(own_colour)
                    .with(Author::MOTTO)
                    .with(mentor.clone());
                agree!(context, root.query.clone(), authors, expected);
            }
        }
    }
    Ok(())
}

fn link_entity(context: &Context<'_>) -> Verdict {
    let root = Root::<Tag>::new(&context.choices.page);
    let link = LinkPick::new(context.choices.link);
    let posts = ManyPick::new(context.choices.posts);
    let tags = ManyPick::new(context.choices.tags);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |tag: Tag| {
        let posts = oracle.posts_of_tag(&tag, &link, &posts, |post| {
            let tags = oracle.tags(&post, &tags, Some);
            let author = oracle.author_of_post(&post, Some);
            Some(post.tags(tags?).author(author?))
        });
        Some(tag.posts(posts?))
    });
    for author in strategies!(Post::AUTHOR) {
        let mut tagged = Tag::POSTS.into_load();
        if let Some(filter) = &link.filter {
            tagged = tagged.filter_link(filter.clone());
        }
        if let Some(order) = &link.order {
            tagged = tagged.order_by_link(order.clone());
        }
        let tagged = picked_many!(tagged, posts)
            .with(author)
            .with(many!(Post::TAGS, tags));
        agree!(context, root.query.clone(), tagged, expected);
    }
    Ok(())
}

fn collections_below_to_one(context: &Context<'_>) -> Verdict {
    let root = Root::<Desk>::new(&context.choices.page);
    let posts = ManyPick::new(context.choices.posts);
    let tags = ManyPick::new(context.choices.tags);
    let authors = ManyPick::new(context.choices.authors);
    let shelves = ManyPick::new(context.choices.shelves);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |desk: Desk| {
        let author = oracle.author_of_desk(&desk, |author| {
            let pupils = oracle.pupils(&author, &authors, Some);
            let written = oracle.posts_of_author(&author, &posts, |post| {
                let tags = oracle.tags(&post, &tags, Some);
                Some(post.tags(tags?))
            });
            Some(author.pupils(pupils?).posts(written?))
        });
        let shelf = oracle.shelf_of_desk(&desk, |shelf| {
            let neighbours = oracle.neighbours(&shelf, &shelves, Some);
            Some(shelf.neighbours(neighbours?))
        });
        Some(desk.author(author?).shelf(shelf?))
    });
    let written = many!(Author::POSTS, posts).with(many!(Post::TAGS, tags));
    let author = Desk::AUTHOR
        .with(many!(Author::PUPILS, authors))
        .with(written);
    let shelf = Desk::SHELF.with(many!(Shelf::NEIGHBOURS, shelves));
    for author in strategies!(author) {
        for shelf in strategies!(shelf.clone()) {
            agree!(
                context,
                root.query.clone().with(author.clone()),
                shelf,
                expected
            );
        }
    }
    Ok(())
}

fn required_below_nullable(context: &Context<'_>) -> Verdict {
    let root = Root::<Badge>::new(&context.choices.page);
    let oracle = &context.oracle;
    let expected = context.expect(&root.sql, |badge: Badge| {
        let author = oracle.author_of_badge(&badge, |author| {
            let profile = oracle.profile(&author, |profile| {
                let author = oracle.author_of_profile(&profile, Some);
                Some(profile.author(author?))
            });
            Some(author.profile(profile?))
        });
        Some(badge.author(author?))
    });
    for back in strategies!(Profile::AUTHOR) {
        for profile in strategies!(Author::PROFILE.with(back.clone())) {
            for author in strategies!(Badge::AUTHOR.with(profile.clone())) {
                agree!(context, root.query.clone(), author, expected);
            }
        }
    }
    Ok(())
}
