//! Draws the whole screen. Does not change the model or the view.

pub(super) mod context;
mod details;
mod help;
mod table;
#[cfg(test)]
mod tests;
pub(super) mod theme;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use context::DrawContext;

use super::humanize;
use crate::display::plural::{messages, pluralize};

/// If there are few lines, the rows take precedence over the title and the footer.
pub(super) fn draw_screen(frame: &mut Frame, context: &DrawContext) {
    let area = frame.area();
    if context.view.shows_help {
        help::draw(frame, area, context.theme);
        return;
    }
    let (top, rest) = split_top(area, u16::from(area.height >= 4));
    let (rest, bottom) = split_bottom(rest, u16::from(area.height >= 3));
    frame.render_widget(title(context), top);
    frame.render_widget(footer(context), bottom);
    if !context.view.shows_details {
        table::draw(frame, rest, context);
        return;
    }
    // Keep a few rows visible unless the details need all lines.
    let height = match rest.height {
        0..12 => rest.height,
        height => (height / 2).min(details::MAX_HEIGHT),
    };
    let (rows, below) = split_bottom(rest, height);
    table::draw(frame, rows, context);
    details::draw(frame, below, context);
}

fn title(context: &DrawContext) -> Line<'static> {
    let view = context.view;
    let (rows, _) = view.rows(context.history);
    let queues = pluralize(context.history.rows().len() as u64, "queue", "queues");
    let mut parts = vec![match view.filter.as_str() {
        "" => queues,
        filter => format!("{} of {queues}, with {filter:?}", rows.len()),
    }];
    if view.is_paused {
        parts.insert(0, "PAUSED".to_owned());
    }
    let contents = rows.iter().filter_map(|row| row.sample.contents);
    parts.push(messages(contents.map(|contents| contents.messages as u64).sum()));
    let backwards = if view.is_reversed { ", reversed" } else { "" };
    parts.push(format!("by {}{backwards}", view.sort_key.name()));
    parts.push(format!("every {}", humanize::interval(view.interval)));
    Line::styled(format!("mqctl top  {}", parts.join("  ")), context.theme.title())
}

fn footer(context: &DrawContext) -> Line<'static> {
    if let Some(error) = context.error {
        return Line::styled(error.to_owned(), context.theme.error());
    }
    if context.view.filter_before_edit.is_some() {
        let text = format!("/{}_   Enter applies, Esc cancels", context.view.filter);
        return Line::raw(text);
    }
    let keys = "q quit  ? help  / filter  s sort  Enter details  h holders  p pause  +- interval";
    Line::styled(keys, theme::SECONDARY)
}

fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, rest)
}

fn split_bottom(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let (rest, bottom) = split_top(area, area.height - height);
    (rest, bottom)
}
