//! All that is known of the selected queue.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::super::history::Row;
use super::super::humanize;
use super::super::sample::Contents;
use super::context::Scene;
use crate::display::bars;

/// Lines that it takes, with two for holders.
pub(super) const HEIGHT: u16 = 11;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let Some(row) = scene.view.selected(scene.history) else { return };
    let block = Block::new()
        .borders(Borders::TOP)
        .title(Line::styled(row.name.clone(), scene.paint.title()));
    let text: Vec<Line> = lines(row, area.width, scene).into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).block(block), area);
}

fn lines(row: &Row, width: u16, scene: &Scene) -> Vec<String> {
    let seen = &row.seen;
    let now = scene.history.clock().unwrap_or(seen.modified);
    let mut lines = vec![format!(
        "owner     {} ({}), group {}, mode {:04o}",
        scene.users.name(seen.uid),
        seen.uid,
        seen.gid,
        seen.mode & 0o7777
    )];
    match seen.contents {
        Some(contents) => lines.extend(of_contents(row, contents)),
        None => lines.push("contents  this user may not read them".to_owned()),
    }
    lines.push(format!(
        "used      {} ago (the last send or receive)",
        humanize::ago(now, seen.modified)
    ));
    let holders = match scene.holders {
        Some(found) if found.id == seen.id => &found.text,
        _ => "press h to look for them",
    };
    lines.push(format!("holders   {holders}"));
    let room = usize::from(width).saturating_sub("history   ".len());
    let skipped = row.depths.len().saturating_sub(room);
    let trend = bars::spark(row.depths.iter().skip(skipped).copied(), 1.0);
    lines.push(format!("history   {}", trend.trim_end()));
    lines
}

fn of_contents(row: &Row, contents: Contents) -> [String; 3] {
    let Contents { messages, capacity, message_size, bytes, registered } = contents;
    let notified = registered.map_or_else(|| "nobody".to_owned(), humanize::registered);
    [
        format!(
            "contents  {messages} of {capacity} messages, {bytes} bytes; {message_size} bytes a message at most"
        ),
        format!(
            "traffic   at least {} in and {} out since it is watched",
            row.total.came, row.total.went
        ),
        format!("notify    {notified}"),
    ]
}
