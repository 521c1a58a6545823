//! The details of the selected queue.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};

use super::super::history::Row;
use super::super::humanize;
use super::super::sample::Contents;
use super::context::DrawContext;
use crate::display::bars;

/// The maximum number of lines, with two for holders.
pub(super) const MAX_HEIGHT: u16 = 11;

pub(super) fn draw(frame: &mut Frame, area: Rect, context: &DrawContext) {
    let Some(row) = context.view.selected(context.history) else { return };
    let block = Block::new()
        .borders(Borders::TOP)
        .title(Line::styled(row.name.clone(), context.theme.title()));
    let text: Vec<Line> =
        detail_lines(row, area.width, context).into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).block(block), area);
}

fn detail_lines(row: &Row, width: u16, context: &DrawContext) -> Vec<String> {
    let seen = &row.sample;
    let now = context.history.sampled_at().unwrap_or(seen.modified);
    let mut lines = vec![format!(
        "owner     {} ({}), group {}, mode {:04o}",
        context.user_names.name(seen.uid),
        seen.uid,
        seen.gid,
        seen.mode & 0o7777
    )];
    match seen.contents {
        Some(contents) => lines.extend(contents_lines(row, contents)),
        None => lines.push("contents  no permission to read".to_owned()),
    }
    lines.push(format!(
        "used      {} ago (the last send or receive)",
        humanize::ago(now, seen.modified)
    ));
    let holders = match context.holders {
        Some(found) if found.id == seen.id => &found.text,
        _ => "press h to find them",
    };
    lines.push(format!("holders   {holders}"));
    let room = usize::from(width).saturating_sub("history   ".len());
    let skipped = row.depths.len().saturating_sub(room);
    let trend = bars::sparkline(row.depths.iter().skip(skipped).copied(), 1.0);
    lines.push(format!("history   {}", trend.trim_end()));
    lines
}

fn contents_lines(row: &Row, contents: Contents) -> [String; 3] {
    let Contents { messages, capacity, message_size, bytes, registered } = contents;
    let notified = registered.map_or_else(|| "none".to_owned(), humanize::registration);
    [
        format!(
            "contents  {messages} of {capacity} messages, {bytes} bytes; msgsize {message_size}"
        ),
        format!(
            "traffic   at least {} in and {} out since the first sample",
            row.total.sent, row.total.received
        ),
        format!("notify    {notified}"),
    ]
}
