"""Does the work of the benchmark with SQLAlchemy's ORM over asyncpg, as the documentation of both advises.

Started as `contender.py URL`. A line on stdin is a command, and its answer is a line of JSON on stdout:

    run users_posts 100    does this work, and keeps what came of it: {"took": nanoseconds}
    drop                   lets go of it: {"took": nanoseconds}
    show                   tells what came of it: {"entries": [[values, below], ..]}
    race users_posts 100 8 0.25 1
                           does this work in 8 tasks, and counts, from a quarter of a second on, for a second:
                           {"per_second": number}

What fails is answered by {"error": message}. When stdin ends, so does the program.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from time import perf_counter, perf_counter_ns

import uvloop
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    Table,
    Text,
    and_,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    aliased,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

# How many posts of each user `users_latest_posts` loads.
LATEST = 3
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NOTES_BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True)}


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]

    posts: Mapped[list["Post"]] = relationship(back_populates="author", order_by="Post.id")


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    views: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]

    author: Mapped[User] = relationship(back_populates="posts")
    comments: Mapped[list["Comment"]] = relationship(back_populates="post", order_by="Comment.id")
    tags: Mapped[list["Tag"]] = relationship(secondary=post_tags, order_by="Tag.id")


class Comment(Base):
    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    body: Mapped[str]
    created_at: Mapped[datetime]

    post: Mapped[Post] = relationship(back_populates="comments")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    kind: Mapped[str]
    path: Mapped[str]
    status: Mapped[int] = mapped_column(Integer)
    duration: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    title: Mapped[str]
    views: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


# "Row-Limited Relationships with Window Functions" of the documentation.
numbered = select(
    Post,
    func.row_number().over(partition_by=Post.author_id, order_by=Post.id.desc()).label("number"),
).alias()
latest_post = aliased(Post, numbered)
User.latest_posts = relationship(
    latest_post,
    primaryjoin=and_(latest_post.author_id == User.id, numbered.c.number <= LATEST),
    order_by=latest_post.id.desc(),
    viewonly=True,
)


class Work:
    """The cases. Each has a session of its own, as the handler of a request does."""

    def __init__(self, engine: AsyncEngine):
        self.session = async_sessionmaker(engine, expire_on_commit=False)

    async def all(self, statement):
        async with self.session() as session:
            return (await session.scalars(statement)).all()

    async def users_posts(self, n):
        return await self.all(
            select(User).options(selectinload(User.posts)).order_by(User.id).limit(n)
        )

    async def users_posts_comments(self, n):
        return await self.all(
            select(User)
            .options(selectinload(User.posts).selectinload(Post.comments))
            .order_by(User.id)
            .limit(n)
        )

    async def posts_author(self, n):
        return await self.all(
            select(Post)
            .options(joinedload(Post.author, innerjoin=True))
            .order_by(Post.id)
            .limit(n)
        )

    async def posts_tags(self, n):
        return await self.all(
            select(Post).options(selectinload(Post.tags)).order_by(Post.id).limit(n)
        )

    async def posts_author_tags_comments(self, n):
        return await self.all(
            select(Post)
            .options(
                joinedload(Post.author, innerjoin=True),
                selectinload(Post.tags),
                selectinload(Post.comments),
            )
            .order_by(Post.id)
            .limit(n)
        )

    async def user_by_key(self, key):
        async with self.session() as session:
            user = await session.get(User, key)
            return [] if user is None else [user]

    async def flat_rows(self, n):
        return await self.all(select(Event).order_by(Event.id).limit(n))

    async def insert(self, n):
        async with self.session.begin() as session:
            keys = await session.scalars(
                insert(Note).returning(Note.id), [note(number) for number in range(n)]
            )
            return keys.all()

    async def users_latest_posts(self, n):
        return await self.all(
            select(User).options(selectinload(User.latest_posts)).order_by(User.id).limit(n)
        )


def note(number):
    return {
        "user_id": 1 + number % 1_000,
        "title": f"Note number {number}",
        "views": number * 7 % 1_000,
        "created_at": NOTES_BEGIN + timedelta(seconds=number),
    }


# The relations that each case loads, by their names, with those below them.
SHAPES = {
    "users_posts": {"posts": {}},
    "users_posts_comments": {"posts": {"comments": {}}},
    "posts_author": {"author": {}},
    "posts_tags": {"tags": {}},
    "posts_author_tags_comments": {"author": {}, "tags": {}, "comments": {}},
    "users_latest_posts": {"latest_posts": {}},
}


def entry(row, shape):
    """A row in the form that all contenders have in common."""
    if isinstance(row, int):
        return [[row], []]
    values = [value(getattr(row, column.key)) for column in row.__table__.columns]
    return [values, [below(getattr(row, name), shape[name]) for name in shape]]


def below(loaded, shape):
    rows = loaded if isinstance(loaded, list) else [loaded]
    return [entry(row, shape) for row in rows]


def value(of):
    if isinstance(of, datetime):
        return {"time": (of - EPOCH) // timedelta(microseconds=1)}
    return of


class Contender:
    def __init__(self, engine: AsyncEngine):
        self.work = Work(engine)
        self.case = None
        self.result = None

    async def answer(self, command, *arguments):
        match command, arguments:
            case "run", (case, n):
                return await self.run(case, int(n))
            case "drop", ():
                return self.drop()
            case "race", (case, n, tasks, lead, window):
                return await self.race(case, int(n), int(tasks), float(lead), float(window))
            case "show", ():
                shape = SHAPES.get(self.case, {})
                return {"entries": [entry(row, shape) for row in self.result]}
        raise ValueError(f"no such command: {command} {arguments}")

    async def run(self, case, n):
        work = getattr(self.work, case)
        self.case = case
        # Not in the time: it is what another run has made.
        self.result = None
        start = perf_counter_ns()
        self.result = await work(n)
        return {"took": perf_counter_ns() - start}

    async def race(self, case, n, tasks, lead, window):
        work = getattr(self.work, case)
        start = perf_counter() + lead
        end = start + window

        async def one():
            counted = 0
            while True:
                await work(n)
                now = perf_counter()
                if now >= end:
                    return counted
                counted += now >= start

        counted = await asyncio.gather(*(one() for _ in range(tasks)))
        return {"per_second": sum(counted) / window}

    def drop(self):
        start = perf_counter_ns()
        self.result = None
        return {"took": perf_counter_ns() - start}


def say(answer):
    print(json.dumps(answer), flush=True)


def described(error):
    return {"error": f"{type(error).__name__}: {error}"}


async def main(url):
    try:
        url = make_url(url).set(drivername="postgresql+asyncpg")
        engine = create_async_engine(url, pool_size=8, max_overflow=0)
        async with engine.connect():
            say({"took": 0})
    except Exception as error:
        say(described(error))
        return
    contender = Contender(engine)
    # Waits for a command without letting the event loop run: there is nothing else to do.
    for line in sys.stdin:
        try:
            say(await contender.answer(*line.split()))
        except Exception as error:
            say(described(error))
    await engine.dispose()


uvloop.run(main(sys.argv[1]))
