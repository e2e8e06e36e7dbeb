//! Who is compared.

use std::sync::Arc;

use contender_unlazy::Strategy;
use serde::{Deserialize, Serialize};
use workload::{BoxError, Contender};

/// Whose times all ratios are to.
pub(crate) const BASE: &str = "tokio-postgres naive";

/// What throws away the rows that it receives.
pub(crate) const FLOOR: &str = "floor";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// tokio-postgres by hand.
    Hand,
    /// One of the strategies of unlazy.
    Unlazy,
    /// Another library for Rust.
    Peer,
    /// A library for another language, in a process of its own.
    Foreign,
}

/// A contender as the results name it. Their order is that of the tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) kind: Kind,
    pub(crate) name: String,
}

impl Label {
    pub(crate) fn is_base(&self) -> bool {
        self.name == BASE
    }

    pub(crate) fn is_floor(&self) -> bool {
        self.name == FLOOR
    }
}

#[derive(Clone)]
pub(crate) struct Competitor {
    pub(crate) label: Label,
    pub(crate) contender: Arc<dyn Contender>,
}

impl Competitor {
    fn new(kind: Kind, contender: impl Contender + 'static) -> Self {
        let name = contender.name().to_owned();
        Self {
            label: Label { kind, name },
            contender: Arc::new(contender),
        }
    }
}

/// Connects those who are called by `names`, or all if there are none. The base is always first.
pub(crate) async fn connect(url: &str, names: &[String]) -> Result<Vec<Competitor>, BoxError> {
    let mut competitors = vec![
        Competitor::new(Kind::Hand, contender_hand::naive(url)?),
        Competitor::new(Kind::Hand, contender_hand::tuned(url)?),
        Competitor::new(Kind::Hand, contender_hand::floor(url)?),
    ];
    for strategy in [Strategy::Selectin, Strategy::Joined, Strategy::Pipelined] {
        let unlazy = contender_unlazy::connect(url, strategy)?;
        competitors.push(Competitor::new(Kind::Unlazy, unlazy));
    }
    #[cfg(feature = "peers")]
    peers(url, &mut competitors).await?;
    for name in names {
        let known = |competitor: &Competitor| competitor.label.name == *name;
        if !competitors.iter().any(known) {
            let all: Vec<&str> = competitors.iter().map(|one| &*one.label.name).collect();
            let all = all.join(", ");
            return Err(format!("nobody is called {name:?}: there are {all}").into());
        }
    }
    competitors.retain(|Competitor { label, .. }| {
        names.is_empty() || label.is_base() || names.contains(&label.name)
    });
    Ok(competitors)
}

#[cfg(feature = "peers")]
async fn peers(url: &str, competitors: &mut Vec<Competitor>) -> Result<(), BoxError> {
    let diesel = contender_diesel::connect(url).await?;
    let sea_orm = contender_sea_orm::connect(url).await?;
    let sqlx = contender_sqlx::connect(url).await?;
    let toasty = contender_toasty::connect(url).await?;
    competitors.extend([
        Competitor::new(Kind::Peer, diesel),
        Competitor::new(Kind::Peer, sea_orm),
        Competitor::new(Kind::Peer, sqlx),
        Competitor::new(Kind::Peer, toasty),
    ]);
    match contender_sqlalchemy::connect(url).await {
        Ok(python) => competitors.push(Competitor::new(Kind::Foreign, python)),
        // Not every machine has a Python and may download packages for it.
        Err(error) => eprintln!("benches: SQLAlchemy is left out: {error}"),
    }
    Ok(())
}
