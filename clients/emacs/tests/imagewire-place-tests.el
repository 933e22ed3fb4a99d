;;; imagewire-place-tests.el --- Where a link lands  -*- lexical-binding: t; -*-

;;; Commentary:

;; Documents as a user has them, with point at "|".

;;; Code:

(require 'ert)
(require 'imagewire-tests-lib)
(require 'org)
(require 'rst)

(defun imagewire-tests--document (text)
  "Make TEXT the text of this buffer, with point at its first |."
  (erase-buffer)
  (insert text)
  (goto-char (point-min))
  (when (search-forward "|" nil t) (delete-char -1))
  (buffer-disable-undo)
  (buffer-enable-undo))

(defun imagewire-tests--makes (before after &optional command)
  "In this buffer with BEFORE, make an image of \"a fox\" or call COMMAND; the text is AFTER then."
  (imagewire-tests--document before)
  (if command (funcall command) (imagewire-generate "a fox"))
  (imagewire-tests--idle)
  (should (equal (buffer-string) after)))

(ert-deftest imagewire-a-link-in-a-word-follows-it ()
  "In a word the link follows the word, elsewhere it is at point [editor 4]."
  (imagewire-tests--with ()
    (pcase-dolist (`(,before . ,after) '(("one tw|o three" . "one twoLINK three")
                                         ("one |two" . "one LINKtwo")
                                         ("one two|" . "one twoLINK")
                                         ("Stra|ße, ja" . "StraßeLINK, ja")
                                         ("a | b" . "a LINK b")
                                         ("a ![b|c](d.png) e" . "a ![bc](d.png)LINK e")
                                         ("a |![bc](d.png) e" . "a LINK![bc](d.png) e")))
      (imagewire-tests--makes before (string-replace "LINK" "![a fox](images/a-fox.png)" after))
      (delete-file "images/a-fox.png"))))

(ert-deftest imagewire-a-link-is-one-change ()
  "One undo removes the link and nothing else, in every place, also after more was typed [editor 3]."
  (pcase-dolist (`(,settings ,before) '((nil "one tw|o three\nfour\n")
                                        (((imagewire-own-paragraph . t)) "one tw|o three\nfour\n\nfive")
                                        (((imagewire-own-paragraph . t)) "one tw|o three\nfour")
                                        (((mode . rst-mode)) "one tw|o three\nfour\n\nfive")))
    (imagewire-tests--with ((imagewire-own-paragraph (alist-get 'imagewire-own-paragraph settings))
                            (imagewire-input '(:size "64x64" :sandbox (:delay_ms 200)))
                            text)
      (when (alist-get 'mode settings) (rst-mode))
      (imagewire-tests--document before)
      (imagewire-generate "a fox")
      ;; As the command loop does it for what is typed.
      (let ((last-command-event ?x))
        (dotimes (_ 3) (call-interactively #'self-insert-command))
        (setq text (buffer-string))
        (with-temp-buffer (imagewire-tests--idle))
        (should (string-search "a-fox.png" (buffer-string)))
        (let ((this-command 'self-insert-command) (last-command 'self-insert-command))
          (call-interactively #'self-insert-command)))
      (undo-boundary)
      (setq last-command nil)
      (undo)
      (should (string-search "a-fox.png" (buffer-string)))
      (undo-boundary)
      (setq last-command 'undo)
      (undo-more 1)
      (should (equal (buffer-string) text)))))

(ert-deftest imagewire-a-paragraph-of-its-own ()
  "With own_paragraph the link is a paragraph below that of point [editor 5]."
  (imagewire-tests--with ((imagewire-own-paragraph t))
    (pcase-dolist (`(,before . ,after) '(("one t|wo\nthree\n\nfour" . "one two\nthree\n\nLINK\n\nfour")
                                         ("one t|wo" . "one two\n\nLINK")
                                         ("one\n|\ntwo" . "one\n\nLINK\n\ntwo")
                                         ("|" . "LINK")
                                         ("# He|ad\ntext" . "# Head\n\nLINK\n\ntext")
                                         ("a|\nb\n## Head\ntext" . "a\nb\n\nLINK\n\n## Head\ntext")
                                         ("a|\nb\n```\ncode\n```" . "a\nb\n\nLINK\n\n```\ncode\n```")
                                         ("Ti|tle\n=====\n\ntext" . "Title\n=====\n\nLINK\n\ntext")
                                         ("a|\n\\end{center}" . "a\n\nLINK\n\n\\end{center}")
                                         ("* a|\n* b\n" . "* a\n* b\n\nLINK\n")
                                         ("|\nsome text" . "LINK\n\nsome text")))
      (imagewire-tests--makes before (string-replace "LINK" "![a fox](images/a-fox.png)" after))
      (delete-file "images/a-fox.png"))
    (org-mode)
    (pcase-dolist (`(,before . ,after) '(("a|\n* Head\ntext" . "a\n\nLINK\n\n* Head\ntext")
                                         ("** He|ad\ntext" . "** Head\n\nLINK\n\ntext")))
      (imagewire-tests--makes before (string-replace "LINK" "#+CAPTION: a fox\n[[file:images/a-fox.png]]" after))
      (delete-file "images/a-fox.png"))
    (text-mode)
    ;; The second of two comes behind the first, and point stays.
    (imagewire-tests--makes "one t|wo\nthree\n\nfour"
                            "one two\nthree\n\n![a fox](images/a-fox.png)\n\n![a yak](images/a-yak.png)\n\nfour"
                            (lambda () (imagewire-generate "a fox") (imagewire-generate "a yak")))
    (should (looking-at "wo$"))))

(ert-deftest imagewire-every-format-gets-its-own-links ()
  "Each kind of document gets its links, by its mode or its name [editor 18, 19]."
  (pcase-dolist (`(,name ,mode ,before ,after)
                 '(("a.md" text-mode "x |y" "x ![a fox](images/a-fox.png)y")
                   ("a.org" org-mode "x |y" "x [[file:images/a-fox.png]]y")
                   ("a.org" org-mode "x\n|\ny" "x\n#+CAPTION: a fox\n[[file:images/a-fox.png]]\ny")
                   ("a.tex" latex-mode "x |y" "x \\includegraphics[width=\\linewidth]{images/a-fox.png}y")
                   ("a.html" html-mode "x |y" "x <img src=\"images/a-fox.png\" alt=\"a fox\">y")
                   ("a.rst" rst-mode "x |y\nz" "x y\nz\n\n.. image:: images/a-fox.png\n   :alt: a fox")
                   ("a.rst" rst-mode "x\n|\ny" "x\n\n.. image:: images/a-fox.png\n   :alt: a fox\n\ny")
                   ("a.adoc" text-mode "x |y" "x y\n\nimage::images/a-fox.png[alt=\"a fox\"]")
                   ("a.typ" fundamental-mode "x |y" "x #image(\"images/a-fox.png\", alt: \"a fox\")y")
                   ("a.norg" fundamental-mode "x |y" "x y\n\n.image images/a-fox.png")
                   ("a.el" emacs-lisp-mode "(x |)" "(x \"images/a-fox.png\")")
                   ("a.c" c-mode "x = |;" "x = \"images/a-fox.png\";")
                   ("a.css" css-mode "a { src: |}" "a { src: \"images/a-fox.png\"}")))
    (imagewire-tests--with ()
      (set-visited-file-name (expand-file-name name folder) t)
      (funcall mode)
      (imagewire-tests--makes before after)
      (goto-char (point-min))
      (search-forward "a-fox.png")
      (should (equal (imagewire--found-path (imagewire--link-here)) "images/a-fox.png")))))

(ert-deftest imagewire-latex-gets-a-figure-by-option ()
  "LaTeX gets a figure by option, whose caption runs nothing [editor 18]."
  (imagewire-tests--with ((imagewire-figure t))
    (latex-mode)
    (imagewire-tests--document "x |y")
    (imagewire-generate "100% of \\write18{a_b} & ~$ ^^5c")
    (imagewire-tests--idle)
    (should (equal (buffer-string) (concat "x y\n
\\begin{figure}
  \\centering
  \\includegraphics[width=\\linewidth]{images/100-of-write18-a-b-5c.png}
  \\caption{100\\% of \\textbackslash{}write18\\{a\\_b\\} \\& \\textasciitilde{}\\$"
                                           " \\textasciicircum{}\\textasciicircum{}5c}\n\\end{figure}")))
    ;; The figure belongs to the link.
    (goto-char (point-min))
    (search-forward "centering")
    (should (equal (buffer-substring (imagewire--found-start (imagewire--link-here)) (imagewire--found-end (imagewire--link-here)))
                   (substring (buffer-string) 5)))))

(ert-deftest imagewire-the-text-of-the-link-is-the-prompt-or-that-of-alt ()
  "The option alt writes another text, and an error in it costs nothing [editor 20]."
  (imagewire-tests--with ((imagewire-alt (lambda (prompt) (concat "Figure: " (upcase prompt) " [x]"))))
    (imagewire-tests--makes "|" "![Figure: A FOX \\[x\\]](images/a-fox.png)")
    (setq imagewire-alt (lambda (_prompt) (error "No alt")))
    (delete-file "images/a-fox.png")
    (imagewire-tests--makes "|" "![a fox](images/a-fox.png)")
    (imagewire-tests--message "imagewire-alt failed: No alt")
    (setq imagewire-alt #'ignore)
    (delete-file "images/a-fox.png")
    (imagewire-tests--makes "|" "![a fox](images/a-fox.png)")))

(ert-deftest imagewire-a-folder-that-cannot-be-written-is-refused ()
  "Nothing is sent where the folder cannot be written [editor 16]."
  (imagewire-tests--with ((imagewire-folder "note.md/images"))
    (save-buffer)
    (write-region "" nil (expand-file-name "note.md" folder))
    (let ((problem (cadr (should-error (imagewire-generate "a fox") :type 'user-error))))
      (should (string-search "note.md/images cannot be written" problem))
      (should (string-search "Nothing was sent" problem)))
    (setq imagewire-folder "locked/images")
    (make-directory (expand-file-name "locked" folder))
    (set-file-modes (expand-file-name "locked" folder) #o555)
    ;; Root may write everywhere.
    (cl-letf (((symbol-function 'file-writable-p) (lambda (file) (/= 0 (logand #o200 (file-modes file))))))
      (should (string-search "cannot be written" (cadr (should-error (imagewire-generate "a fox") :type 'user-error)))))
    (should-not imagewire--connection)
    (should-not (imagewire-status))
    (should-not (overlays-in (point-min) (point-max)))))

(ert-deftest imagewire-the-umask-decides-the-modes ()
  "New files and folders have the modes of the umask, copies too [editor 15]."
  (let ((before (default-file-modes)))
    (unwind-protect
        (imagewire-tests--with ((elsewhere (make-temp-file "elsewhere" t)))
          (set-default-file-modes #o750)
          (imagewire-generate "a fox")
          (imagewire-tests--idle)
          (should (= (file-modes (expand-file-name "images/a-fox.png" folder)) #o640))
          (should (= (file-modes (expand-file-name "images" folder)) #o750))
          (let ((secret (expand-file-name "b.png" elsewhere)))
            (write-region "x" nil secret)
            (set-file-modes secret #o600)
            (should (equal (imagewire--copied secret) (expand-file-name "images/b.png" folder)))
            (should (= (file-modes (expand-file-name "images/b.png" folder)) #o640))
            ;; Nothing is replaced.
            (write-region "y" nil secret)
            (should (equal (imagewire--copied secret) (expand-file-name "images/b_2.png" folder))))
          (delete-directory elsewhere t))
      (set-default-file-modes before))))

(ert-deftest imagewire-a-path-with-spaces-and-umlauts ()
  "The path of the document may hold spaces and umlauts [editor 17]."
  (dolist (mode '(text-mode org-mode latex-mode))
    (imagewire-tests--with ((sub (expand-file-name "Meine Übung (1)/" folder)))
      (make-directory sub)
      (set-visited-file-name (expand-file-name "ein Brief.txt" sub) t)
      (funcall mode)
      (imagewire-generate "a fox")
      (imagewire-tests--idle)
      (should (string-search "images/a-fox.png" (buffer-string)))
      (should (imagewire-tests--image-p (expand-file-name "images/a-fox.png" sub)))
      (should (equal (imagewire--found-path (imagewire--image-here)) (expand-file-name "images/a-fox.png" sub))))))

(ert-deftest imagewire-a-document-is-saved-under-another-name-meanwhile ()
  "The link is relative to the new name [editor 38]."
  (imagewire-tests--with ((imagewire-input '(:size "64x64" :sandbox (:delay_ms 200))))
    (make-directory (expand-file-name "sub/deep" folder) t)
    (imagewire-generate "a fox")
    (write-file (expand-file-name "sub/deep/other.md" folder))
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a fox](../../images/a-fox.png)"))
    (should (imagewire-tests--image-p (expand-file-name "images/a-fox.png" folder)))))

(ert-deftest imagewire-a-document-is-deleted-meanwhile ()
  "The image and the link are there all the same [editor 39]."
  (imagewire-tests--with ((imagewire-input '(:size "64x64" :sandbox (:delay_ms 300))))
    (make-directory (expand-file-name "sub" folder))
    (write-file (expand-file-name "sub/note.md" folder))
    (imagewire-generate "a fox")
    (delete-directory (expand-file-name "sub" folder) t)
    (imagewire-tests--idle)
    (should (equal (buffer-string) "![a fox](images/a-fox.png)"))
    (should (imagewire-tests--image-p (expand-file-name "sub/images/a-fox.png" folder)))))

(provide 'imagewire-place-tests)
;;; imagewire-place-tests.el ends here
