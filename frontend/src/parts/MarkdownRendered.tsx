/** Hostile Markdown made harmless: no HTML, no images that load by themselves, only web and mail links. */
import Box from '@mui/material/Box';
import Link from '@mui/material/Link';
import { type ComponentProps, memo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { CodeBlock } from './CodeBlock';

/** An image would send a request to the author of the text, so it becomes a link that says where it leads. */
function ImageLink({ src, alt }: ComponentProps<'img'>) {
  const href = typeof src === 'string' ? src : '';
  return <SafeLink href={href}>{alt ? `${alt} (${href})` : href}</SafeLink>;
}

function SafeLink({ href, children }: ComponentProps<'a'>) {
  if (href === undefined || !/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <Link href={href} target="_blank" rel="noopener noreferrer nofollow" underline="always" title={href}>
      {children}
    </Link>
  );
}

function Pre({ children }: ComponentProps<'pre'>) {
  const code = children as { props?: { children?: unknown; className?: string } } | undefined;
  const language = /language-([\w+#-]+)/.exec(code?.props?.className ?? '')?.[1];
  return <CodeBlock text={String(code?.props?.children ?? '').replace(/\n$/, '')} label={language ?? 'code'} />;
}

function Table({ children }: ComponentProps<'table'>) {
  return (
    <Box sx={{ overflowX: 'auto' }} role="region" aria-label="table" tabIndex={0}>
      <table>{children}</table>
    </Box>
  );
}

// Headings of a text stand below those of the page.
const COMPONENTS: Components = {
  a: SafeLink, img: ImageLink, pre: Pre, table: Table,
  h1: ({ children }) => <h3>{children}</h3>, h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>, h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
};
const REMARK = [remarkGfm];
const REHYPE = [rehypeSanitize];

function MarkdownRendered({ text }: { text: string }) {
  return (
    <Box
      sx={{
        overflowWrap: 'anywhere', '& > :first-of-type': { mt: 0 }, '& > :last-child': { mb: 0 },
        '& h3, & h4, & h5, & h6': { fontSize: '1rem', mt: 2, mb: 1 }, '& p, & ul, & ol': { my: 1 },
        '& ul, & ol': { pl: 3 }, '& blockquote': { borderLeft: 3, borderColor: 'divider', m: 0, pl: 2, color: 'text.secondary' },
        '& table': { borderCollapse: 'collapse', my: 1 }, '& th, & td': { border: 1, borderColor: 'divider', px: 1, py: 0.5, textAlign: 'left' },
        '& :not(pre) > code': { bgcolor: 'surface.sunken', px: 0.5, borderRadius: 0.5, fontSize: '0.875em' },
      }}
    >
      <ReactMarkdown remarkPlugins={REMARK} rehypePlugins={REHYPE} components={COMPONENTS} skipHtml={false}>
        {text}
      </ReactMarkdown>
    </Box>
  );
}

export default memo(MarkdownRendered);
