/** The icon: a tower that two threads of silk leave. */
export const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#1d2433"/>
<path d="M4 11q8-7 12 0 4-7 12 0" fill="none" stroke="#e8c07d" stroke-width="2" stroke-linecap="round"/>
<path d="M16 11 10 27h12zM13 19h6" fill="none" stroke="#f4f1ea" stroke-width="2" stroke-linejoin="round"/>
<circle cx="16" cy="10" r="2.5" fill="#f4f1ea"/>
</svg>
`
