import hooks from 'eslint-plugin-react-hooks';
import { globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

/** Lazy parts: what a person needs only on some pages must not be in the first load. */
const HEAVY = ['@xyflow/react', '@mui/x-charts', '@mui/x-charts/*', 'react-markdown', 'cmdk'];

export default ts.config(
  globalIgnores(['src/api/generated.ts', 'node_modules']),
  ...ts.configs.strict,
  { plugins: { 'react-hooks': hooks }, rules: { ...hooks.configs.recommended.rules } },
  {
    files: ['src/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: 'Model output is never HTML.' },
        { selector: "JSXText[value=/[A-Za-z]{2}/]", message: 'Texts come from src/words, so that they can be translated.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@mui/material', message: 'Import one component: @mui/material/Button.' },
            { name: '@mui/icons-material', message: 'Import one icon.' },
          ],
          patterns: [{ group: ['**/api/base'], message: 'Only src/api knows the base query.' }],
        },
      ],
    },
  },
  { files: ['src/api/**'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/app/**', 'src/live/**', 'src/parts/**'],
    ignores: ['src/parts/Markdown*.tsx', 'src/app/shell/CommandList.tsx', 'src/app/routes.tsx'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@mui/material', message: 'Import one component: @mui/material/Button.' },
            { name: '@mui/icons-material', message: 'Import one icon.' },
            ...HEAVY.map((name) => ({ name, message: 'Too large for the first load.' })),
          ],
          patterns: [{ group: ['**/pages/**'], message: 'Pages are loaded when they are opened.' }],
        },
      ],
    },
  },
);
