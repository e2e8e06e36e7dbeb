ALTER TABLE posts ADD FOREIGN KEY (author_id) REFERENCES users;
CREATE INDEX ON posts (author_id);

ALTER TABLE comments ADD FOREIGN KEY (post_id) REFERENCES posts;
CREATE INDEX ON comments (post_id);

ALTER TABLE post_tags ADD PRIMARY KEY (post_id, tag_id);
ALTER TABLE post_tags ADD FOREIGN KEY (post_id) REFERENCES posts;
ALTER TABLE post_tags ADD FOREIGN KEY (tag_id) REFERENCES tags;
CREATE INDEX ON post_tags (tag_id);
