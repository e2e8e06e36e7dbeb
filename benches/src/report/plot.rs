//! The ratios on the current-thread runtime, drawn: without latency, and next to it with.

use std::fmt::{self, Write};

use workload::Case;

use crate::{
    contenders::{Kind, Label},
    measure::Link,
    results::{CellTimes, Results},
    runtime::Flavor,
};

const WIDTH: f64 = 920.0;
/// Where the cases are named.
const MARGIN: f64 = 174.0;
const PANEL: f64 = 336.0;
const GAP: f64 = 44.0;
const BAR: f64 = 8.0;
const STEP: f64 = 10.0;
/// Between two cases.
const SPACE: f64 = 16.0;
const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
const INK: &str = "#1f2328";
const FAINT: &str = "#59636e";
const GRID: &str = "#d8dee4";

const LINKS: [Link; 2] = [Link::Direct, Link::Slowed];

pub(crate) fn plot(results: &Results) -> String {
    let cases = results.cases();
    let shown: Vec<&Label> = results
        .contenders()
        .into_iter()
        .filter(|label| !label.is_base() && !label.is_floor())
        .collect();
    let colours = colours(&shown);
    let scale = Scale::over(ratios(results, &cases));
    let top = 74.0 + 18.0 * legend_rows(&shown) as f64;
    let mut drawing = Drawing::default();
    let mut bottom = top;
    for case in &cases {
        let cells = LINKS.map(|link| results.cell((Flavor::CurrentThread, link), *case));
        let rows: Vec<(&Label, &str)> = shown
            .iter()
            .zip(&colours)
            .filter(|(label, _)| {
                cells
                    .iter()
                    .flatten()
                    .any(|cell| cell.ratio(label).is_some())
            })
            .map(|(label, colour)| (*label, *colour))
            .collect();
        let height = rows.len() as f64 * STEP;
        let from = bottom + SPACE / 2.0;
        for (panel, cell) in cells.iter().enumerate() {
            if let Some(cell) = cell {
                group(&mut drawing, &scale, left(panel), from, cell, &rows);
            }
        }
        name(&mut drawing, *case, from + height / 2.0);
        bottom = from + height + SPACE / 2.0;
        drawing.line([12.0, bottom, WIDTH - 12.0, bottom], GRID, 1.0);
    }
    let mut page = Drawing::default();
    let height = bottom + 46.0;
    page.rect([0.0, 0.0, WIDTH, height], "#ffffff", 8.0);
    heading(&mut page, results, &shown, &colours);
    for (panel, link) in LINKS.into_iter().enumerate() {
        axis(
            &mut page,
            &scale,
            left(panel),
            [top, bottom],
            &results.distance(link),
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
         height=\"{height:.0}\" font-family=\"{FONT}\" font-size=\"12\">\n\
         <title>Time next to naive hand-written tokio-postgres</title>\n{}{}</svg>\n",
        page.svg, drawing.svg
    )
}

/// Where a panel begins.
fn left(panel: usize) -> f64 {
    MARGIN + panel as f64 * (PANEL + GAP)
}

/// One for each contender that is shown: blues for unlazy, others for others. They differ for the colour-blind too.
fn colours(shown: &[&Label]) -> Vec<&'static str> {
    let mut unlazy = ["#0b3d91", "#2f7de1", "#38b6ff"].into_iter().cycle();
    let mut hand = ["#6e7781", "#9aa2ab"].into_iter().cycle();
    let mut peers = ["#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8c6bb1"]
        .into_iter()
        .cycle();
    let mut foreign = ["#b5a642", "#7d6b00"].into_iter().cycle();
    let colour = |label: &&Label| match label.kind {
        Kind::Hand => hand.next(),
        Kind::Unlazy => unlazy.next(),
        Kind::Peer => peers.next(),
        Kind::Foreign => foreign.next(),
    };
    shown.iter().filter_map(colour).collect()
}

fn ratios<'a>(results: &'a Results, cases: &'a [Case]) -> impl Iterator<Item = f64> + 'a {
    let cells = cases
        .iter()
        .flat_map(move |case| LINKS.map(|link| results.cell((Flavor::CurrentThread, link), *case)));
    cells.flatten().flat_map(|cell| {
        let ratio =
            |(_, time): &(&Label, crate::statistics::Summary)| time.median / cell.base.median;
        cell.times.iter().map(ratio).collect::<Vec<_>>()
    })
}

/// The bars of a case: from 1 to the ratio, so that what is faster than the base goes to the left.
fn group(
    drawing: &mut Drawing,
    scale: &Scale,
    left: f64,
    top: f64,
    cell: &CellTimes<'_>,
    rows: &[(&Label, &str)],
) {
    let x = |ratio: f64| left + scale.place(ratio) * PANEL;
    // Behind the bars, and the numbers.
    if let Some((_, floor)) = cell.best(Label::is_floor) {
        let bottom = top + rows.len() as f64 * STEP + 1.0;
        drawing.line([x(floor), top - 1.0, x(floor), bottom], INK, 1.5);
    }
    for (row, (label, colour)) in rows.iter().enumerate() {
        let Some((_, time)) = cell.times.iter().find(|(one, _)| one == label) else {
            continue;
        };
        let y = top + row as f64 * STEP;
        let [median, p10, p90] =
            [time.median, time.p10, time.p90].map(|time| time / cell.base.median);
        let (from, to) = (x(median.min(1.0)), x(median.max(1.0)));
        drawing.rect([from, y + 1.0, (to - from).max(1.5), BAR], colour, 1.0);
        let middle = y + 1.0 + BAR / 2.0;
        drawing.line([x(p10), middle, x(p90), middle], INK, 1.0);
        let end = if median < 1.0 {
            x(p10.min(median))
        } else {
            x(p90.max(median))
        };
        let (x, anchor) = if median < 1.0 {
            (end - 4.0, "end")
        } else {
            (end + 4.0, "start")
        };
        drawing.text(
            [x, middle + 3.0],
            &format!("{median:.2}"),
            FAINT,
            &format!("font-size=\"8.5\" text-anchor=\"{anchor}\" stroke=\"#ffffff\" stroke-width=\"2\" paint-order=\"stroke\""),
        );
    }
}

fn name(drawing: &mut Drawing, case: Case, middle: f64) {
    let text = case.to_string();
    let lines = wrapped(&text, 20);
    let first = middle + 4.0 - (lines.len() - 1) as f64 * 7.0;
    drawing.text([16.0, first], &case.name(), INK, "font-weight=\"700\"");
    for (number, line) in lines.iter().enumerate() {
        drawing.text(
            [52.0, first + number as f64 * 14.0],
            line,
            INK,
            "font-size=\"11\"",
        );
    }
}

/// Words in lines of so many letters.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            // A line does not begin with a sign.
            Some(line) if word == "+" || line.len() + 1 + word.len() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How wide an entry of the legend is.
const ENTRY: f64 = 176.0;

fn per_row() -> usize {
    ((WIDTH - 32.0) / ENTRY) as usize
}

fn legend_rows(shown: &[&Label]) -> usize {
    // And the floor.
    (shown.len() + 1).div_ceil(per_row())
}

fn heading(page: &mut Drawing, results: &Results, shown: &[&Label], colours: &[&str]) {
    page.text(
        [16.0, 27.0],
        "Time next to naive hand-written tokio-postgres",
        INK,
        "font-size=\"16\" font-weight=\"700\"",
    );
    page.text(
        [16.0, 45.0],
        "Less is faster. Medians, with lines from the 10th to the 90th percentile; current-thread runtime; logarithmic.",
        FAINT,
        "",
    );
    let has_floor = results.contenders().into_iter().any(Label::is_floor);
    let floor = has_floor.then_some(("floor: rows thrown away", None));
    let entries = shown.iter().zip(colours);
    let entries = entries.map(|(label, colour)| (label.name.as_str(), Some(*colour)));
    for (number, (name, colour)) in entries.chain(floor).enumerate() {
        let x = 16.0 + (number % per_row()) as f64 * ENTRY;
        let y = 62.0 + (number / per_row()) as f64 * 18.0;
        match colour {
            Some(colour) => page.rect([x, y, 11.0, 11.0], colour, 2.0),
            None => page.line([x + 5.0, y, x + 5.0, y + 11.0], INK, 1.5),
        }
        page.text([x + 16.0, y + 10.0], name, INK, "");
    }
}

fn axis(page: &mut Drawing, scale: &Scale, left: f64, [top, bottom]: [f64; 2], title: &str) {
    for tick in scale.ticks() {
        let x = left + scale.place(tick) * PANEL;
        let is_base = tick == 1.0;
        let (colour, width) = if is_base { (FAINT, 1.5) } else { (GRID, 1.0) };
        page.line([x, top, x, bottom], colour, width);
        let label = if is_base {
            "naive".to_owned()
        } else {
            format!("{tick}×")
        };
        page.text(
            [x, bottom + 15.0],
            &label,
            FAINT,
            "font-size=\"11\" text-anchor=\"middle\"",
        );
    }
    let middle = left + PANEL / 2.0;
    page.text(
        [middle, bottom + 34.0],
        title,
        INK,
        "font-weight=\"700\" text-anchor=\"middle\"",
    );
}

/// Logarithmic, between two powers of two.
#[derive(Debug, PartialEq)]
struct Scale {
    from: i32,
    to: i32,
}

impl Scale {
    /// Over all of these ratios and 1.
    fn over(ratios: impl Iterator<Item = f64>) -> Self {
        let (least, most) = ratios
            .filter(|ratio| ratio.is_normal())
            .fold((1.0_f64, 1.0_f64), |(least, most), ratio| {
                (least.min(ratio), most.max(ratio))
            });
        Self {
            from: (least.log2().floor() as i32).min(-1),
            to: (most.log2().ceil() as i32).max(1),
        }
    }

    /// Between 0 and 1, also for what lies outside.
    fn place(&self, ratio: f64) -> f64 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        ((ratio.log2() - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| f64::from(power).exp2())
    }
}

/// The elements of an SVG. Rectangles are left, top, width and height; lines are two points.
#[derive(Default)]
struct Drawing {
    svg: String,
}

impl Drawing {
    fn rect(&mut self, [x, y, width, height]: [f64; 4], colour: &str, radius: f64) {
        self.element(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\" fill=\"{colour}\"/>"
        ));
    }

    fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], colour: &str, width: f64) {
        self.element(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// `more` are further attributes.
    fn text(&mut self, [x, y]: [f64; 2], text: &str, colour: &str, more: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.element(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" {more}>{text}</text>"
        ));
    }

    fn element(&mut self, element: fmt::Arguments<'_>) {
        let _ = writeln!(self.svg, "{element}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_room_for_all() {
        let scale = Scale::over([0.3, 5.0].into_iter());
        assert_eq!(scale, Scale { from: -2, to: 3 });
        assert_eq!(scale.place(0.25), 0.0);
        assert_eq!(scale.place(8.0), 1.0);
        assert!((scale.place(1.0) - 0.4).abs() < 1e-9);
        let ticks: Vec<f64> = scale.ticks().collect();
        assert_eq!(ticks, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]);
    }

    #[test]
    fn what_is_outside_is_at_the_edge() {
        let scale = Scale::over([1.0].into_iter());
        assert_eq!(scale, Scale { from: -1, to: 1 });
        assert_eq!(scale.place(100.0), 1.0);
        assert_eq!(scale.place(0.01), 0.0);
    }

    #[test]
    fn words_are_wrapped() {
        let lines = wrapped("100 posts + author + tags + comments", 20);
        assert_eq!(lines, ["100 posts + author +", "tags + comments"]);
    }
}
