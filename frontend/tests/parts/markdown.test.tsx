import { screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Markdown } from '../../src/parts/Markdown';
import { show } from '../render';

const HOSTILE = [
  '<img src="https://evil.example/a.png" onerror="alert(1)">',
  '![pixel](https://evil.example/b.png)',
  '[click](javascript:alert(1))',
  '[data](data:text/html,<script>alert(1)</script>)',
  '<script>alert(1)</script>',
  '<svg onload=alert(1)></svg>',
  '<iframe src="https://evil.example"></iframe>',
  '<a href="https://evil.example" onclick="alert(1)">x</a>',
].join('\n\n');

test('renders hostile Markdown without anything that runs or loads', async () => {
  const { container } = show(<Markdown text={`# Title\n\n${HOSTILE}\n\n[good](https://example.com)`} />);
  await screen.findByRole('heading', { name: 'Title' });
  expect(container.querySelectorAll('img, script, svg[onload], iframe, object, embed, form')).toHaveLength(0);
  const links = [...container.querySelectorAll('a')];
  expect(links.every((link) => /^(https?:|mailto:)/.test(link.getAttribute('href') ?? ''))).toBe(true);
  expect(links.every((link) => link.rel.includes('noopener') && link.onclick === null)).toBe(true);
  await waitFor(() => expect(screen.getByRole('link', { name: 'good' })).toHaveAttribute('href', 'https://example.com'));
  expect(screen.getByRole('link', { name: /pixel/ })).toHaveAttribute('href', 'https://evil.example/b.png');
});
